import { UsageError } from '../../errors/errors.ts';
import { option, toggle } from './option.ts';
import { integer, path } from './values.ts';

const LEVELS = ['error', 'warning', 'notice', 'info', 'debug'] as const;
const NUMBERS = [0, 2, 3, 5, 9] as const;

/** A digit, a name or the first letter of a name. */
function verbosity([word = '']: readonly string[]): number {
  if (/^\d$/.test(word)) return Number(word);
  const wanted = word.toLowerCase();
  const found = LEVELS.findIndex((level) => level === wanted || level[0] === wanted);
  const number = NUMBERS[found];
  if (number === undefined) {
    throw new UsageError(
      'COMMAND_LINE',
      `--verbosity must be a digit, one of ${LEVELS.join(', ')} or the first letter of one, not '${word}'.`,
    );
  }
  return number;
}

export const LOGGING = {
  verbosity: option<number>({
    flag: '--verbosity',
    short: 'v',
    value: 'LEVEL',
    release: 'both',
    actions: 'all',
    default: 3,
    read: verbosity,
    help: 'How much to tell: 0 error, 2 warning, 3 notice, 5 info, 9 debug. A digit, a name or its first letter (default notice).',
  }),
  logFd: option<number | undefined>({
    flag: '--log-fd',
    value: 'FD',
    release: 'both',
    actions: 'all',
    default: undefined,
    read: integer(1),
    help: 'Also write machine-readable records to this open file descriptor.',
  }),
  logFile: option<string | undefined>({
    flag: '--log-file',
    value: 'FILE',
    release: 'both',
    actions: 'all',
    default: undefined,
    read: path,
    help: 'Also append machine-readable records to FILE.',
  }),
  logTimestamp: toggle({
    flag: '--log-timestamp',
    release: 'both',
    actions: 'all',
    help: 'Put date, time and level in front of every message.',
  }),
  json: toggle({
    flag: '--json',
    release: 'ours',
    actions: 'all',
    help: 'Print JSON, one object a line, and nothing else on standard output. The last line is the result, or the error. docs/json.md describes the lines.',
  }),
  progress: toggle({
    flag: '--progress',
    release: 'both',
    actions: ['backup'],
    help: 'Show amount, speed and estimated time of the backup.',
  }),
  progressRate: option<number>({
    flag: '--progress-rate',
    value: 'SECONDS',
    release: 'both',
    actions: ['backup'],
    default: 3,
    read: integer(1),
    help: 'Time between two progress lines (default 3).',
  }),
  noPrintStatistics: toggle({
    flag: '--no-print-statistics',
    release: 'both',
    actions: ['backup'],
    help: 'Do not print the statistics after a backup.',
  }),
  jsonstat: toggle({
    flag: '--jsonstat',
    release: '3.0',
    actions: ['backup', 'status'],
    help: 'Print and store the statistics as JSON as well.',
  }),
} as const;
