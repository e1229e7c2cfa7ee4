import { LineCounter, parseDocument } from 'yaml';
import { UsageError } from '../../errors/errors.ts';
import { type Draft, pathToml } from '../write/draft.ts';
import { secretToml, type TargetContext, withoutPassword } from '../write/targets.ts';
import type { TomlValue } from '../write/toml.ts';

type Values = Readonly<Record<string, unknown>>;
type Take = (value: unknown, draft: Draft, context: TargetContext, from: string) => void;

/** Keys that are there and mean nothing for a backup of ours: what they ask for is always so, or of no use. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set([
  'compression',
  'archive_name_format',
  'match_archives',
  'borg_base_directory',
  'checkpoint_interval',
  'relocated_repo_access_is_ok',
  'statistics',
  'list_details',
  'read_special',
  'lock_wait',
]);

const UNITS: Readonly<Record<string, string>> = { minute: 'm', hour: 'h', day: 'D', week: 'W', month: 'M', year: 'Y' };

/** What each key of borgmatic becomes. */
const TAKES: Readonly<Record<string, Take>> = {
  source_directories: (value, draft) => texts(value).forEach((path) => draft.add('', 'include', pathToml(path))),
  exclude_patterns: (value, draft) => texts(value).forEach((pattern) => exclude(pattern, draft)),
  exclude_if_present: (value, draft) => texts(value).forEach((name) => draft.add('', 'exclude-if-present', name)),
  exclude_caches: (value, draft) => {
    if (value === true)
      draft.add('', 'exclude-if-present', 'CACHEDIR.TAG', 'Goes by the name of the file, not by its content.');
  },
  one_file_system: (value, draft) => {
    if (value === true) draft.set('options', 'exclude-other-filesystems', true);
  },
  numeric_ids: (value, draft) => {
    if (value === true) draft.set('options', 'numeric-owner', true);
  },
  upload_rate_limit: (value, draft) => {
    if (typeof value === 'number') draft.set('options', 'limit-upload', value);
  },
  repositories: (value, draft) => repositories(value, draft),
  encryption_passphrase: (value, draft, context, from) => {
    const credential = /^\{credential (systemd|file) (.*)\}$/.exec(String(value));
    const [, kind, name = ''] = credential ?? [];
    const source =
      kind === undefined
        ? secretToml('passphrase', context, draft, `encryption_passphrase in ${from}`)
        : kind === 'file'
          ? { file: name.trim() }
          : { credential: name.trim() };
    draft.set('keys', 'passphrase', source);
  },
  encryption_passcommand: (value, draft) => draft.set('keys', 'passphrase', { command: ['sh', '-c', String(value)] }),
  commands: (value, draft) => records(value).forEach((command) => hooks(command, draft)),
  before_backup: (value, draft) => texts(value).forEach((sh) => draft.table('hook', { before: 'backup', sh })),
  after_backup: (value, draft) =>
    texts(value).forEach((sh) => draft.table('hook', { after: 'backup', when: ['success'], sh })),
  on_error: (value, draft) =>
    texts(value).forEach((sh) => draft.table('hook', { after: 'run', when: ['failure'], sh })),
  healthchecks: (value, draft) => heartbeat(value, draft),
  cronhub: (value, draft) => heartbeat(value, draft),
  uptime_kuma: (value, draft) => heartbeat(value, draft),
  checks: (value, draft) => checks(value, draft),
  postgresql_databases: (value, draft) => dumps(value, ['pg_dump'], draft),
  mysql_databases: (value, draft) => dumps(value, ['mysqldump'], draft),
  mariadb_databases: (value, draft) => dumps(value, ['mariadb-dump'], draft),
  sqlite_databases: (value, draft) =>
    records(value).forEach(({ name, path }) => {
      draft.set(`dump.${plainName(name)}`, 'run', ['sqlite3', String(path), '.dump']);
      draft.set(`dump.${plainName(name)}`, 'path', `${plainName(name)}.sql`);
    }),
};

/** A file of borgmatic. What it keeps in Borg is not read: the backup begins anew at a place of its own. */
export function importBorgmatic(text: string, from: string, context: TargetContext, draft: Draft): void {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = counter.linePos(error.pos[0]);
    throw new UsageError(
      'BAD_PROFILE',
      `${from}:${line}:${col}: This is no YAML: ${error.message.split('\n')[0] ?? ''}`,
    );
  }
  // As older releases had them: in sections.
  const { location, storage, retention, consistency, hooks: old, ...top } = (document.toJS() ?? {}) as Values;
  const values = Object.assign(
    {},
    ...[location, storage, retention, consistency, old, top].filter((part) => typeof part === 'object'),
  ) as Values;
  if (values['source_directories'] === undefined) {
    throw new UsageError('BAD_PROFILE', `There are no source_directories in ${from}.`);
  }
  for (const [key, value] of Object.entries(values)) {
    const keep = /^keep_(hourly|daily|weekly|monthly|yearly|within)$/.exec(key)?.[1];
    const take = TAKES[key];
    if (keep !== undefined) keepRule(keep, value, draft);
    else if (take !== undefined) take(value, draft, context, from);
    else if (!WITHOUT_MEANING.has(key)) draft.note(`${key} is not taken over.`);
  }
}

function keepRule(rule: string, value: unknown, draft: Draft): void {
  const keep = draft.get('', 'keep') as Readonly<Record<string, TomlValue>> | undefined;
  // Borg has other letters for hours, days, weeks, months and years.
  const within = String(value).replace(
    /^(\d+)([Hdwmy])$/,
    (_all, count: string, unit: string) => count + (unit === 'H' ? 'h' : unit.toUpperCase()),
  );
  draft.set('', 'keep', { ...keep, [rule]: rule === 'within' ? within : Number(value) });
}

/** Patterns of Borg: a star of the plain ones goes over slashes, and a path without stars covers what is below. */
function exclude(pattern: string, draft: Draft): void {
  const [, style = 'fm', rest = ''] = /^(?:(fm|sh|pp|pf|re):)?([^]*)$/.exec(pattern) ?? [];
  const stars = style === 'fm' ? rest.replace(/\*+/g, '**') : rest;
  if (style === 're')
    draft.note(`exclude_patterns: "${pattern}" is a regular expression: write options = { exclude-regexp = "..." }.`);
  else if (/^[/~*$]/.test(stars)) draft.add('', 'exclude', pathToml(stars));
  else draft.add('', 'exclude', pathToml(`**/${stars}`));
}

/** Where Borg's own archives are, ours cannot be. */
function repositories(value: unknown, draft: Draft): void {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  for (const [i, item] of list.entries()) {
    const { path = '', label } = (typeof item === 'object' && item !== null ? item : { path: item }) as Values;
    const name = plainName(label ?? `store${i + 1}`);
    const { url } = withoutPassword(urlBeside(String(path)));
    draft.add('', 'to', name);
    draft.set(
      `store.${name}`,
      'url',
      url,
      `Beside the repository ${withoutPassword(String(path)).url}, which this program cannot read.`,
    );
  }
}

function urlBeside(path: string): string {
  const beside = (place: string): string => `${place.replace(/\/+$/, '').replace(/\.borg$/, '')}-duplicity`;
  const ssh = /^ssh:\/\/([^/]+)(\/.*)$/.exec(path);
  const scp = /^([\w.-]+@[\w.-]+|[\w.-]+):(.*)$/.exec(path);
  const [host, place] = ssh === null ? [scp?.[1], scp?.[2]] : [ssh[1], ssh[2]];
  if (host === undefined || place === undefined) return `file://${beside(path.replace(/^file:\/\//, ''))}`;
  // `/./dir` and `dir` are below the login directory, `/dir` is not.
  const relative = place.startsWith('/./')
    ? place.slice(3)
    : place.startsWith('/')
      ? `/${place.replace(/^\/+/, '')}`
      : place;
  return `sftp://${host}/${beside(relative)}`;
}

function hooks(command: Values, draft: Draft): void {
  const { before, after, run, when, states } = command;
  const step = String(before ?? after);
  const steps: Readonly<Record<string, string>> = {
    action: 'backup',
    repository: 'backup',
    configuration: 'run',
    everything: 'run',
    error: 'run',
  };
  const actions = texts(when);
  const isOther = actions.length > 0 && !actions.includes('create');
  for (const sh of texts(run)) {
    const at = steps[step];
    if (at === undefined || isOther)
      draft.note(`A command ${before === undefined ? 'after' : 'before'} ${step} is not taken over: ${sh}`);
    else if (before !== undefined) draft.table('hook', { before: at, sh });
    else if (step === 'error' || texts(states).join() === 'fail')
      draft.table('hook', { after: at, when: ['failure'], sh });
    else draft.table('hook', { after: at, sh });
  }
}

function heartbeat(value: unknown, draft: Draft): void {
  const url =
    typeof value === 'string'
      ? value
      : ((value as Values | null)?.['ping_url'] ?? (value as Values | null)?.['push_url']);
  if (typeof url === 'string' && /^https?:/.test(url)) draft.set('notify', 'heartbeat', url);
  else draft.note('A monitor is not taken over: its URL is written as notify.heartbeat.');
}

function checks(value: unknown, draft: Draft): void {
  for (const { name, frequency } of records(value)) {
    const every = intervalOf(typeof frequency === 'string' ? frequency : '1 month');
    if (every === undefined) draft.note(`The check ${String(name)} has a frequency that is not taken over.`);
    else if (name === 'repository' || name === 'archives' || name === 'data') draft.set('checks', 'scrub', { every });
    else if (name === 'extract' || name === 'spot') draft.set('checks', 'drill', { every });
  }
}

function intervalOf(text: string): string | undefined {
  const [, count = '', unit = ''] = /^(\d+)\s*(minute|hour|day|week|month|year)s?$/.exec(text.trim()) ?? [];
  return count === '' ? undefined : `${count}${UNITS[unit] ?? 'D'}`;
}

function dumps(value: unknown, program: readonly string[], draft: Draft): void {
  for (const { name, hostname, username, password } of records(value)) {
    const section = `dump.${plainName(name)}`;
    const host = typeof hostname === 'string' ? ['-h', hostname] : [];
    const user = typeof username === 'string' ? [program[0] === 'pg_dump' ? '-U' : '-u', username] : [];
    draft.set(section, 'run', [...program, ...host, ...user, String(name)]);
    draft.set(section, 'path', `${plainName(name)}.sql`);
    if (password !== undefined)
      draft.note(`The password of the database ${String(name)} is not taken over: ~/.pgpass or ~/.my.cnf holds it.`);
    if (name === 'all')
      draft.note(`"all" databases are not taken over: name each, or write the command of ${section}.`);
  }
}

function texts(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  return list.filter((item) => typeof item === 'string' || typeof item === 'number').map(String);
}

function records(value: unknown): readonly Values[] {
  return Array.isArray(value)
    ? (value as unknown[]).filter((item): item is Values => typeof item === 'object' && item !== null)
    : [];
}

function plainName(name: unknown): string {
  return String(name).replace(/[^\w-]/g, '-');
}
