import { CODES } from '../errors/codes.ts';
import { type Event, WARNINGS } from '../events/events.ts';
import { type BytePath, bytePath } from '../util/bytepath.ts';
import { formatStamp } from '../util/time.ts';
import { quoteName } from '../util/text/quote-name.ts';
import { type Message, levelName } from './render.ts';

/** One record of the machine interface (docs/log-records.md), with the empty line that ends it. */
export function formatRecord(event: Event, { level, text }: Message): string {
  const { code, fields, data } = controlFields(event);
  const control = [levelName(level), code, ...fields].join(' ');
  const lines = text === undefined || text === '' ? [] : decoded(text).split('\n');
  // The reference separates data lines from the control line by a blank and a newline.
  const head = data.length === 0 ? control : [`${control} `, ...data].join('\n');
  return `${[head, ...lines.map((line) => `. ${line}`)].join('\n')}\n\n`;
}

interface Control {
  readonly code: number;
  readonly fields: readonly string[];
  readonly data: readonly string[];
}

const GENERIC = 1;
const NONE: readonly string[] = [];

function controlFields(event: Event): Control {
  switch (event.kind) {
    case 'error':
    case 'notice':
    case 'info':
    case 'debug':
    case 'forced':
    case 'statistics':
    case 'difference':
    case 'verified':
    case 'lastFull':
    case 'cleaning':
    case 'oldSetsKept':
    case 'newestChainKept':
    case 'removing':
    case 'removingStep':
    case 'fullDue':
    case 'pruning':
    case 'replicating':
    case 'checked':
    case 'checkHint':
    case 'trialLeft':
    case 'interrupted':
    case 'result':
    case 'changedInSet':
      return { code: GENERIC, fields: NONE, data: NONE };
    case 'warning': {
      const fields: string[] = [];
      if (event.time !== undefined) fields.push(formatStamp(event.time));
      if (event.path !== undefined) fields.push(quoted(event.path));
      return { code: WARNINGS[event.code ?? 'generic'], fields, data: NONE };
    }
    case 'collectionWarning':
      return { code: WARNINGS[event.warning.code], fields: NONE, data: NONE };
    case 'failed': {
      const { code, fields, exception } = event.error;
      return { code: CODES[code], fields: exception === undefined ? fields : [exception, ...fields], data: NONE };
    }
    case 'collectionStatus':
      return { code: 3, fields: NONE, data: event.data };
    case 'changes':
      return { code: 3, fields: NONE, data: NONE };
    case 'progress': {
      const { current, total } = event;
      return { code: 2, fields: total === undefined ? [`${current}`] : [`${current}`, `${total}`], data: NONE };
    }
    case 'backupProgress': {
      const { bytes, elapsedSeconds, percent, etaSeconds, bytesPerSecond, stalled } = event.state;
      const numbers = [bytes, elapsedSeconds, percent, etaSeconds, bytesPerSecond, stalled ? 1 : 0];
      return { code: 16, fields: numbers.map((number) => String(Math.floor(number))), data: NONE };
    }
    case 'fileNew':
      return { code: 4, fields: [quoted(event.path)], data: NONE };
    case 'fileChanged':
      return { code: 5, fields: [quoted(event.path)], data: NONE };
    case 'fileDeleted':
      return { code: 6, fields: [quoted(event.path)], data: NONE };
    case 'restoring':
      return { code: 7, fields: [quoted(event.path), event.type], data: NONE };
    case 'salvaged':
      return { code: 1, fields: NONE, data: NONE };
    case 'listed':
      return { code: 10, fields: [formatStamp(event.mtime), quoted(event.path), event.type], data: NONE };
    case 'uploading':
      return { code: event.background ? 12 : 11, fields: NONE, data: NONE };
    case 'uploaded':
      return { code: event.background ? 14 : 13, fields: NONE, data: NONE };
    case 'socketSkipped':
      return { code: 15, fields: [quoted(event.path)], data: NONE };
    default:
      return event satisfies never;
  }
}

function quoted(path: BytePath): string {
  return quoteName(path === '' ? bytePath('.') : path);
}

/** Records are UTF-8: other bytes become U+FFFD. */
function decoded(text: BytePath): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
