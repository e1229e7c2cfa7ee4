import { type Errno, isBelow, metSoFar, type Rule, underRule } from './failing-fs.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { DuplicityError } from '../../../src/index.ts';
import type { Disk } from '../recorded/disk.ts';
import { type Scenario, SCENARIOS } from '../recorded/scenarios.ts';
import { backedUp, clear, diskOf, inStore, LAST, type Place, relay } from '../recorded/store.ts';
import { goesOn } from '../recorded/survive.ts';

// Every call on files that an action makes fails once, or from then on: what is stored stays whole, the failure is told as
// what it is, and the same again, on a disk that works, needs nobody's help.

const isLong = process.env['FAULTS'] === 'all';

interface Part {
  readonly about: string;
  readonly below: (place: Place) => string;
  /** What a failure there is called. */
  readonly codes: RegExp;
}

const PARTS: readonly Part[] = [
  { about: 'archive dir', below: ({ disk }) => `${disk}/archive`, codes: /^BAD_ARCHIVE_DIR$/ },
  { about: 'temporary directory', below: ({ disk }) => `${disk}/tmp`, codes: /^(?:EXCEPTION|USER_ERROR)$/ },
  { about: 'store', below: ({ disk }) => `${disk}/remote`, codes: /^BACKEND_/ },
  { about: 'second place', below: ({ disk }) => `${disk}/second`, codes: /^BACKEND_/ },
  { about: 'target', below: ({ out }) => out, codes: /^(?:INCOMPLETE|GENERIC)$/ },
];

const KINDS: readonly (readonly [calls: RegExp, errnos: readonly Errno[]])[] = [
  [/^(?:write|writev|writeFile|appendFile|copyFile)$/, ['ENOSPC', 'EDQUOT', 'EIO']],
  [/^(?:create|mkdir|mkdtemp|link|rename|symlink)$/, ['EROFS', 'EMFILE', 'ENOSPC']],
  [/^(?:fsync|fdatasync|ftruncate|fchmod)$/, ['EIO', 'EDQUOT', 'ENOSPC']],
  [/^(?:open|read|readFile|readdir|lstat|stat|fstat)$/, ['EIO', 'EACCES']],
  [/^(?:unlink|rmdir|rm)$/, ['EIO', 'EROFS', 'EACCES']],
];

/** By the number of what is wrong, in one line, or at least with the name of the file. */
function isTold(error: unknown, { codes }: Part, below: string): boolean {
  if (!(error instanceof DuplicityError)) return false;
  const { code, message } = error;
  if (/Unknown system|\n/.test(message)) return false;
  return codes.test(code) || (code === 'EXCEPTION' && message.includes(below));
}

let place: Place;
let base: Disk;
beforeAll(async () => {
  place = await backedUp();
  base = diskOf(place);
});

/** Runs the action on a disk as it is, under a rule. Answers what it failed with. */
async function under(scenario: Scenario, rule: Rule): Promise<unknown> {
  relay(place, base);
  scenario.prepare?.(place);
  try {
    await underRule(rule, () => inStore(place, LAST + 1, (store) => scenario.again(store, place), scenario.which));
    return undefined;
  } catch (error) {
    return error;
  }
}

interface Fault {
  readonly part: Part;
  readonly rule: Rule;
}

/** All that can fail in an action: each call of each kind in each part, once and for good, with each number. */
async function faultsOf(scenario: Scenario): Promise<readonly Fault[]> {
  const all = { below: place.disk, calls: /./, nth: Infinity, forGood: false, with: 'EIO' } as const;
  expect(await under(scenario, all)).toBeUndefined();
  const met = metSoFar();
  return PARTS.flatMap((part) =>
    KINDS.flatMap(([calls, errnos]) => {
      const below = part.below(place);
      const fitting = met.filter(({ call, path }) => calls.test(call) && isBelow(path, below));
      return fitting.flatMap((_, i) =>
        [true, false].flatMap((forGood) =>
          errnos.map((errno) => ({ part, rule: { below, calls, nth: i + 1, forGood, with: errno } })),
        ),
      );
    }),
  );
}

const tried = SCENARIOS.filter(({ diesFirst, isShort }) => diesFirst === undefined && (isLong || isShort === true));

describe('a disk that fails at one call, or from then on', () => {
  test.each(tried.map((scenario) => [scenario.name, scenario] as const))(
    'costs nothing but the action and is told as what it is: %s',
    { timeout: 8 * 3_600_000 },
    async (name, scenario) => {
      const faults = await faultsOf(scenario);
      // Of many faults that are alike: no divisor of the number of kinds.
      const share = isLong ? 7 : Math.ceil(faults.length / 8) | 1;
      const found: string[] = [];
      for (let i = share >> 1; i < faults.length; i += share) {
        const { part, rule } = faults[i] ?? impossible();
        const error = await under(scenario, rule);
        const at = metSoFar()[rule.nth - 1];
        const what = `${String(rule.with)} of ${at?.call} ${at?.path}${rule.forGood ? ', for good' : ''}: ${String(error)}`;
        if (error !== undefined && !isTold(error, part, rule.below)) found.push(what);
        // What cannot be removed stays.
        if (part.about === 'temporary directory' && (rule.forGood || rule.calls.test('rm'))) clear(rule.below);
        await goesOn(place, scenario, i).catch((failure: unknown) => found.push(`${what}; then ${String(failure)}`));
      }
      if (isLong) console.log(`${name}: ${Math.ceil(faults.length / share)} of ${faults.length} faults`);
      expect(found).toEqual([]);
    },
  );
});

function impossible(): never {
  throw new Error('there is no such fault');
}
