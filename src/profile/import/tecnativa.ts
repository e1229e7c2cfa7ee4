import { UsageError } from '../../errors/errors.ts';
import { type Draft, pathToml } from '../write/draft.ts';
import { writeOptions } from '../write/option-lines.ts';
import { type TargetContext, writeTarget } from '../write/targets.ts';
import { takeApart } from './command-words.ts';
import { shellCommands } from './shell.ts';
import { writeSchedule } from './crontab.ts';

/** What the image sets where a file says nothing. */
const DEFAULTS: Readonly<Record<string, string>> = {
  SRC: '/mnt/backup/src',
  OPTIONS_EXTRA: '--metadata-sync-mode partial',
  JOB_300_WHAT: 'backup',
  JOB_300_WHEN: 'daily',
  CRONTAB_15MIN: '*/15 * * * *',
  CRONTAB_HOURLY: '0 * * * *',
  CRONTAB_DAILY: '0 2 * * MON-SAT',
  CRONTAB_WEEKLY: '0 1 * * SUN',
  CRONTAB_MONTHLY: '0 5 1 * *',
  SMTP_PORT: '25',
};

const MAIL = /^(?:EMAIL_|SMTP_)/;
const OWN = /^(?:SRC|DST|OPTIONS|OPTIONS_EXTRA|DBS_TO_EXCLUDE|CRONTAB_\w+|JOB_\d+_\w+)$/;

/** The variables of Tecnativa's duplicity images, as a file for `docker run --env-file`: nothing in it is quoted. */
export function importTecnativa(text: string, from: string, context: TargetContext, draft: Draft): void {
  const given = envFile(text);
  const values = { ...DEFAULTS, ...given };
  const { DST = '', SRC = '', OPTIONS = '', OPTIONS_EXTRA = '' } = values;
  if (DST === '')
    throw new UsageError('BAD_PROFILE', `There is no DST in ${from}.`, { hint: 'It is the URL of the backup.' });
  draft.set('', 'include', [pathToml(SRC)]);
  const rest = Object.fromEntries(Object.entries(given).filter(([name]) => !OWN.test(name) && !MAIL.test(name)));
  // In a container they come from outside, and may go on doing so.
  writeTarget(DST, rest, context, draft, from, (variable) => ({ env: variable }));
  const [command] = shellCommands(`duplicity ${OPTIONS} ${OPTIONS_EXTRA}`, values);
  if (command?.unclear !== undefined)
    draft.note(`${command.unclear} in the options can only be told by a shell: see what belongs there.`);
  writeOptions(takeApart([...(command?.words.slice(1) ?? []), SRC, DST]).given, draft);
  jobs(values, draft);
  mail(values, context, draft);
}

function envFile(text: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, name, value = ''] = /^\s*([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) values[name] = value;
  }
  return values;
}

function jobs(values: Readonly<Record<string, string>>, draft: Draft): void {
  for (const [name, what] of Object.entries(values)) {
    const number = /^JOB_(\d+)_WHAT$/.exec(name)?.[1];
    if (number === undefined || what === '') continue;
    const periods = (values[`JOB_${number}_WHEN`] ?? '').split(/\s+/).filter((word) => word !== '');
    const [period = ''] = periods;
    if (what === 'backup') writeSchedule(values[`CRONTAB_${period.toUpperCase()}`] ?? '', draft);
    else if (/^dup\s+full\b/.test(what))
      draft.set('full', 'when-older-than', { weekly: '1W', monthly: '1M', daily: '1D' }[period] ?? '1W');
    else draft.table('hook', { before: 'backup', sh: what }, `JOB_${number} (${periods.join(', ')}).`);
  }
}

function mail(values: Readonly<Record<string, string>>, context: TargetContext, draft: Draft): void {
  const {
    EMAIL_TO = '',
    EMAIL_FROM = '',
    SMTP_HOST = '',
    SMTP_PORT = '',
    SMTP_USER = '',
    SMTP_PASS = '',
    SMTP_TLS = '',
  } = values;
  if (EMAIL_TO === '') return;
  draft.set('notify', 'mail', EMAIL_TO);
  if (EMAIL_FROM !== '') draft.set('notify', 'from', EMAIL_FROM);
  if (SMTP_HOST === '') return;
  draft.set('notify', 'smtp', {
    host: SMTP_HOST,
    ...(/^\d+$/.test(SMTP_PORT) && { port: Number(SMTP_PORT) }),
    ...(SMTP_USER !== '' && { user: SMTP_USER }),
    ...(SMTP_PASS !== '' && { password: { env: 'SMTP_PASS' } }),
    ...(SMTP_TLS !== '' && { tls: 'starttls' }),
  });
}
