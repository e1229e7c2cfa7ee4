import { DuplicityError } from '../../errors/errors.ts';
import type { Event } from '../../events/events.ts';
import { gatherInto } from '../gather.ts';
import type { Consumer } from '../human.ts';
import { interruption } from '../interruption.ts';
import { render } from '../render.ts';
import type { Sink } from '../sink.ts';
import { eventLine } from './event-lines.ts';
import type { ActionName, ErrorLine, JsonLine, LastLine } from './lines.ts';
import { RESULT_FIELDS } from './results/results.ts';

interface JsonOptions {
  /** As for people; what an action finds, uploads and volumes in progress are told at any. */
  readonly verbosity: number;
  /** undefined until the command line is understood. */
  readonly action: ActionName | undefined;
  readonly sink: Sink;
}

/** A line for each event and, when it is closed, one for the result or the failure. */
export function jsonOutput({ verbosity, action, sink }: JsonOptions): Consumer {
  const { add, flush } = gatherInto(sink, 'utf8');
  let done: string | undefined = action;
  let failure: Pick<ErrorLine, 'code' | 'message' | 'hint' | 'signal'> | undefined;
  let result: object | undefined;
  let isEnded = false;

  function write(line: JsonLine): void {
    add(`${JSON.stringify(line)}\n`);
  }

  function lastLine(exitStatus: number): LastLine {
    if (failure !== undefined) {
      const what = { ...(action !== undefined && { action }), exitStatus, ...failure };
      return { v: 1, type: 'error', ...what, ...(result !== undefined && { result }) } as LastLine;
    }
    if (done === undefined || result === undefined) {
      const known = action === undefined ? {} : { action };
      return {
        v: 1,
        type: 'error',
        ...known,
        exitStatus,
        code: 'EXCEPTION',
        message: 'The run has ended without a result.',
      };
    }
    return { v: 1, type: 'result', action: done, exitStatus, result } as LastLine;
  }

  return {
    emit(event) {
      if (isEnded) return;
      if (event.kind === 'failed') failure ??= failureFields(event.error);
      else if (event.kind === 'interrupted') failure ??= interruptionFields(event.signal);
      else if (event.kind === 'result') {
        done ??= event.action;
        result = resultFields(event);
      }
      if (!isWanted(event, verbosity)) return;
      const line = eventLine(event);
      if (line === undefined) return;
      write(line);
      // Of interest now, and seldom.
      if (line.type === 'progress') flush();
    },
    flush,
    close(status = 0) {
      if (isEnded) return;
      isEnded = true;
      write(lastLine(status));
      flush();
      sink.close();
    },
  };
}

function isWanted(event: Event, verbosity: number): boolean {
  switch (event.kind) {
    case 'uploading':
    case 'uploaded':
    case 'changedInSet':
    case 'difference':
    case 'salvaged':
      return true;
    case 'progress':
      if (event.total !== undefined) return true;
      break;
    default:
  }
  const { level, forced } = render(event);
  return forced || level <= verbosity;
}

function failureFields({ code, message, hint }: DuplicityError): Pick<ErrorLine, 'code' | 'message' | 'hint'> {
  return { code, message, ...(hint !== undefined && { hint }) };
}

function interruptionFields(signal: string): Pick<ErrorLine, 'code' | 'message' | 'signal'> {
  return { code: 'INTERRUPTED', message: interruption(signal), signal };
}

/** Whoever reports a result has given it the type of its action. */
function resultFields({ action, result }: Extract<Event, { readonly kind: 'result' }>): object {
  const fieldsOf = (RESULT_FIELDS as Readonly<Record<string, ((result: never) => object) | undefined>>)[action];
  return fieldsOf?.(result as never) ?? {};
}
