import type { RoleCheckResult, Trial } from '../../actions/roles/check-role.ts';
import type { Need } from '../../actions/roles/role.ts';
import type { RolePolicy } from '../../actions/roles/roles.ts';

/** What `roles` says of one role. */
export function roleText({ role, purpose, needs, policies, notes }: RolePolicy): string {
  const of = (need: Need): string =>
    Object.entries(needs)
      .flatMap(([right, its]) => (its === need ? right : []))
      .join(', ');
  const parts = [
    `== ${role}: ${purpose}`,
    [
      `must be able to ${of('must')}`,
      ...(of('must not') === '' ? [] : [`must not be able to ${of('must not')}`]),
      ...(of('may') === '' ? [] : [`may or may not be able to ${of('may')}`]),
    ].join('; '),
    ...policies.map(({ where, text }) => `-- ${where}\n${text}`),
    ...notes.map((note) => `   ${note}`),
  ];
  return `${parts.join('\n')}\n`;
}

const FOUND: Readonly<Record<Trial['found'], string>> = {
  allowed: 'is allowed',
  refused: 'is refused',
  unknown: 'could not be tried',
};
const VERDICT: Readonly<Record<Trial['verdict'], string>> = {
  right: 'ok',
  unknown: '?',
  'too little': 'LESS',
  'too much': 'MORE',
};

/** A line of `roles --check`. */
export function trialText({ right, need, found, verdict, detail }: Trial): string {
  const wanted = need === 'may' ? 'either will do' : `${need} be possible`;
  const more = detail === undefined || found === 'allowed' ? '' : `: ${detail.replaceAll('\n', ' ')}`;
  const tail = found === 'unknown' ? more : ` (${wanted})${more}`;
  return `${VERDICT[verdict].padEnd(4)}  ${right.padEnd(9)}  ${FOUND[found]}${tail}`;
}

/** Its last word. */
export function roleVerdict({ role, trials, isRight }: RoleCheckResult): string {
  const of = (verdict: Trial['verdict']): string =>
    trials.flatMap((trial) => (trial.verdict === verdict ? trial.right : [])).join(', ');
  const [less, more] = [of('too little'), of('too much')];
  if (isRight) {
    const untried = of('unknown');
    return `These credentials are right for the role ${role}${untried === '' ? '' : `, as far as it could be tried (not: ${untried})`}.`;
  }
  const parts = [
    ...(more === '' ? [] : [`may ${more}, and should not`]),
    ...(less === '' ? [] : [`may not ${less}, and should`]),
  ];
  return `As ${role}, these credentials ${parts.join('; they ')}.`;
}
