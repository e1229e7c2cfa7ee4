import type { DuplicityError } from '../errors/errors.ts';
import { type Event, FILES_LEVEL } from '../events/events.ts';
import { type BytePath, bytePath, fromText } from '../util/bytepath.ts';
import { quoteName } from '../util/text/quote-name.ts';
import { asctime } from '../util/time.ts';
import {
  cleaningText,
  NEWEST_CHAIN_KEPT,
  oldSetsKeptText,
  removingStepText,
  removingText,
} from './upkeep/removal-text.ts';
import { warningText } from './status/warnings-text.ts';
import { fullDueText } from './results/full-due-text.ts';
import { pruneTable } from './upkeep/prune-text.ts';
import { checkText } from './upkeep/validation-text.ts';
import { interruption } from './interruption.ts';
import { formatProgress } from './progress.ts';
import { salvagedText } from './results/salvage-text.ts';
import { lastFullText } from './status/status-text.ts';
import { formatStatistics, formatVerifySummary } from './statistics.ts';

/** Verbosity from which a message is shown. */
const LEVELS = { error: 0, warning: 2, notice: 3, info: FILES_LEVEL, debug: 9 } as const;

/** The collection status is shown for every action from this verbosity on. */
const STATUS_LEVEL = 8;

/** An event in words. */
export interface Message {
  readonly level: number;
  /** Bytes of the text, lines separated by newlines, names unescaped; undefined when there is nothing to say. */
  readonly text: BytePath | undefined;
  /** A result: shown at any verbosity. */
  readonly forced: boolean;
}

export function render(event: Event): Message {
  switch (event.kind) {
    case 'error':
    case 'warning':
    case 'notice':
    case 'info':
    case 'debug':
      return { level: LEVELS[event.kind], text: fromText(event.text), forced: false };
    case 'forced':
      return { level: LEVELS.notice, text: fromText(event.text), forced: true };
    case 'failed':
      return { level: LEVELS.error, text: fromText(failureText(event.error)), forced: false };
    case 'interrupted':
      return { level: LEVELS.notice, text: bytePath(interruption(event.signal)), forced: false };
    case 'result':
    case 'changedInSet':
      return { level: Infinity, text: undefined, forced: false };
    case 'fileNew':
      return info(`A ${shown(event.path)}`);
    case 'fileChanged':
      return info(`M ${shown(event.path)}`);
    case 'fileDeleted':
      return info(`D ${shown(event.path)}`);
    case 'socketSkipped':
      return info(`Skipping socket ${shown(event.path)}`);
    case 'restoring':
      return info(`Writing ${shown(event.path)} of type ${event.type}`);
    case 'difference':
      return { level: LEVELS.notice, text: fromText(`Difference found: ${event.text}`), forced: false };
    case 'salvaged':
      return { level: LEVELS.notice, text: fromText(salvagedText(event)), forced: true };
    case 'listed':
      return { level: LEVELS.info, text: bytePath(`${asctime(event.mtime)} ${shown(event.path)}`), forced: true };
    case 'collectionStatus':
      return { level: STATUS_LEVEL, text: fromText(event.text), forced: event.forced };
    case 'changes':
      return { level: STATUS_LEVEL, text: event.text, forced: true };
    case 'progress': {
      const text = event.total === undefined ? undefined : `Processed volume ${event.current} of ${event.total}`;
      return { level: LEVELS.info, text: text === undefined ? text : bytePath(text), forced: false };
    }
    case 'backupProgress':
      return { level: LEVELS.notice, text: bytePath(formatProgress(event.state)), forced: false };
    case 'statistics':
      return { level: LEVELS.notice, text: bytePath(formatStatistics(event.statistics)), forced: true };
    case 'verified': {
      const text = formatVerifySummary(event.compared, event.differences);
      return { level: LEVELS.notice, text: bytePath(text), forced: false };
    }
    case 'collectionWarning':
      return plain('warning', warningText(event.warning));
    case 'lastFull':
      return plain('notice', lastFullText(event.time));
    case 'cleaning':
      return plain('notice', cleaningText(event.names));
    case 'oldSetsKept':
      return plain('warning', oldSetsKeptText(event.times));
    case 'newestChainKept':
      return plain('warning', NEWEST_CHAIN_KEPT);
    case 'removing':
      return plain('notice', removingText(event.times));
    case 'removingStep':
      return plain('notice', removingStepText(event));
    case 'fullDue':
      return plain('notice', fullDueText(event.due));
    case 'pruning':
      return { ...plain('notice', pruneTable(event.report)), forced: true };
    case 'replicating':
      return plain('notice', `Replicating b${quoteName(fromText(event.name))}.`);
    case 'checked':
    case 'checkHint':
    case 'trialLeft':
      return { ...plain('notice', checkText(event)), forced: true };
    case 'uploading':
      return { level: LEVELS.info, text: fromText(`Uploading ${event.name}`), forced: false };
    case 'uploaded':
      return { level: LEVELS.info, text: fromText(`Uploaded ${event.name}`), forced: false };
    default:
      return event satisfies never;
  }
}

/** The name of a level in records and timestamps. */
export function levelName(level: number): 'ERROR' | 'WARNING' | 'NOTICE' | 'INFO' | 'DEBUG' {
  if (level < 1) return 'ERROR';
  if (level < LEVELS.notice) return 'WARNING';
  if (level < LEVELS.info) return 'NOTICE';
  return level < LEVELS.debug ? 'INFO' : 'DEBUG';
}

function plain(kind: keyof typeof LEVELS, text: string): Message {
  return { level: LEVELS[kind], text: fromText(text), forced: false };
}

function info(latin1: string): Message {
  return { level: LEVELS.info, text: bytePath(latin1), forced: false };
}

/** The root of a tree is called `.`. */
function shown(path: BytePath): string {
  return path === '' ? '.' : path;
}

function failureText({ code, message, hint, exception }: DuplicityError): string {
  // Front ends search the text for it.
  const named = exception === 'GPGError' ? `GPGError: ${message}` : message;
  const text = hint === undefined ? named : `${named}\n${hint}`;
  if (code !== 'COMMAND_LINE') return text;
  return `Command line error: ${text}\nEnter 'duplicity --help' for help screen.`;
}
