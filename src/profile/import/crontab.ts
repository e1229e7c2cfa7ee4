import { UsageError } from '../../errors/errors.ts';
import type { Draft } from '../write/draft.ts';
import { pathToml } from '../write/draft.ts';
import { writeOptions } from '../write/option-lines.ts';
import { type TargetContext, writeTarget } from '../write/targets.ts';
import type { TomlValue } from '../write/toml.ts';
import { type CommandParts, takeApart } from './command-words.ts';
import { type ShellCommand, shellCommands } from './shell.ts';

interface Job {
  /** `MINUTE HOUR DAY MONTH WEEKDAY`, or `@daily`. */
  readonly when: string;
  readonly parts: CommandParts;
  readonly command: ShellCommand;
  readonly variables: Readonly<Record<string, string>>;
}

const BACKUPS: ReadonlySet<string> = new Set(['backup', 'full', 'incremental']);

/** What lines of a crontab, or one of them, do with duplicity. */
export function importCrontab(
  text: string,
  from: string,
  env: Readonly<Record<string, string | undefined>>,
  context: TargetContext,
  draft: Draft,
): void {
  const jobs = jobsOf(text, env);
  const backup = jobs.find(({ parts }) => BACKUPS.has(parts.action));
  if (backup?.parts.path === undefined || backup.parts.url === undefined) {
    throw new UsageError('BAD_PROFILE', `No backup by duplicity was found in ${from}.`, {
      hint: 'A line is like: 0 3 * * * duplicity /home/me sftp://user@host/directory',
    });
  }
  const { parts, command, when } = backup;
  draft.set('', 'include', [pathToml(parts.path ?? '')]);
  if (command.unclear !== undefined)
    draft.note(`${command.unclear} in the command can only be told by a shell: see what belongs there.`);
  writeTarget(parts.url ?? '', backup.variables, context, draft, from);
  writeOptions(parts.given, draft);
  writeSchedule(when, draft);
  if (parts.action === 'full') draft.set('full', 'when-older-than', '1s', 'Every backup was a full one.');
  for (const job of jobs) if (job !== backup) retention(job, backup, draft);
}

function jobsOf(text: string, env: Readonly<Record<string, string | undefined>>): readonly Job[] {
  const variables: Record<string, string> = {};
  return text.split('\n').flatMap((line): Job[] => {
    const [, name, value = ''] = /^\s*([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && !/\bduplicity\b/.test(value)) {
      variables[name] = value.replace(/^(["'])(.*)\1$/, '$2');
      return [];
    }
    const [, when = '', script = ''] = /^\s*((?:@\w+|(?:[\w*/,-]+\s+){4}[\w*/,-]+)\s+)?(.*)$/.exec(line) ?? [];
    if (/^\s*#/.test(line)) return [];
    // A percent sign is the end of a line to cron, unless it is escaped.
    return shellCommands(script.replaceAll('\\%', '%'), { ...env, ...variables }).flatMap((command): Job[] => {
      const at = command.words.findIndex((word) => /(?:^|\/)duplicity$/.test(word));
      if (at < 0) return [];
      const parts = takeApart(command.words.slice(at + 1));
      return [{ when: when.trim(), parts, command, variables: { ...variables, ...command.assignments } }];
    });
  });
}

const NAMED: Readonly<Record<string, string>> = {
  '@hourly': '1h',
  '@daily': '1D',
  '@midnight': '1D',
  '@weekly': '1W',
  '@monthly': '1M',
  '@yearly': '1Y',
  '@annually': '1Y',
};

/** The plain ones; cron can say more than that something is to be done every day. */
export function writeSchedule(when: string, draft: Draft): void {
  const named = NAMED[when.toLowerCase()];
  const [minute = '', hour = '', day, month, weekday] = when.split(/\s+/);
  const at =
    /^\d{1,2}$/.test(minute) && /^\d{1,2}$/.test(hour)
      ? `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`
      : undefined;
  if (when === '') return;
  if (named !== undefined) draft.set('schedule', 'every', named, `Was ${when}.`);
  else if (at !== undefined && day === '*' && month === '*') {
    const isOneDay = /^(?:[0-7]|[a-z]{3})$/i.test(weekday ?? '');
    draft.set('schedule', 'every', isOneDay ? '1W' : '1D', `Was ${when}.`);
    draft.set('schedule', 'at', at);
    if (weekday !== '*')
      draft.note(`On which days of the week is not taken over: ${weekday ?? ''} of the line ${when}.`);
  } else if (/^\d{1,2}$/.test(minute) && hour === '*' && day === '*' && month === '*' && weekday === '*') {
    draft.set('schedule', 'every', '1h', `Was ${when}.`);
  } else draft.note(`The times ${when} are not taken over: write [schedule] with every and at.`);
}

function retention({ parts, command }: Job, backup: Job, draft: Draft): void {
  const line = ['duplicity', parts.action, parts.argument ?? ''].join(' ').trim();
  if (parts.url !== backup.parts.url)
    draft.note(`A job of another place is not taken over: ${line} (line ${command.line}).`);
  else if (parts.action === 'remove-older-than' && /^(?:\d+[smhDWMY])+$/.test(parts.argument ?? ''))
    keepWithin(parts.argument ?? '', draft);
  else if (parts.action === 'full' && /^(?:@monthly|\S+ \S+ 1 \* \*)$/.test(command.words.join(' ')))
    draft.set('full', 'when-older-than', '1M');
  else if (parts.action === 'full')
    draft.note('Full backups had a job of their own: say in [full] when-older-than how often they are made.');
  else draft.note(`${line} has no counterpart in a profile: keep says which sets stay.`);
}

/** `remove-older-than` as a rule that keeps. */
export function keepWithin(age: string, draft: Draft): void {
  const keep = draft.get('', 'keep') as Readonly<Record<string, TomlValue>> | undefined;
  draft.set(
    '',
    'keep',
    { ...keep, within: age },
    'remove-older-than kept whole chains; this keeps sets and what they build on.',
  );
}
