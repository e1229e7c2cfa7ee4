import { UsageError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import { toFailure } from '../errors/failure.ts';
import { exitStatus } from '../ui/exit-status.ts';
import { type Consumer, humanOutput } from '../ui/human.ts';
import { openLogFd, openLogFile, recordOutput } from '../ui/log-fd.ts';
import { maskEvent, maskFor } from '../ui/mask.ts';
import { fdSink, type Sink } from '../ui/sink.ts';
import type { Settings } from './settings.ts';
import { SIGNALS } from './signals.ts';
import type { Action } from './words/actions.ts';

const DEFAULT_VERBOSITY = 3;
const NOWHERE: Sink = { write: () => undefined, close: () => undefined };

/** Where a run says what it does. */
export interface Outputs {
  readonly emit: Emit;
  /** Makes all of that visible at once. */
  readonly flush: () => void;
  /** Sends further output where the options say; without an action the command line was not understood. */
  readonly direct: (settings: Settings, action?: Action) => void;
  /** Prints what was asked for instead of an action. */
  readonly answer: (question: 'help' | 'version', text: string) => number;
  /** Ends the output of a run that ends with `status`. Answers the status of the process. */
  readonly close: (status: number) => number;
}

/** Output to the console, until `direct` says more. `words` are the command line, `version` stands in reports of bugs. */
export async function openOutputs(words: readonly string[], version: string): Promise<Outputs> {
  // Wherever it stands: failures to understand the command line are lines as well.
  const json = words.includes('--json') ? (await import('../ui/json/json-output.ts')).jsonOutput : undefined;
  const mask = maskFor(words);
  let outputs: readonly Consumer[] =
    json === undefined
      ? [openConsole(DEFAULT_VERBOSITY, false)]
      : [errorConsole(), json({ verbosity: DEFAULT_VERBOSITY, action: undefined, sink: fdSink(1) })];

  const emit: Emit = (event) => {
    const shown = maskEvent(event, mask);
    for (const output of outputs) output.emit(shown);
  };

  function close(status: number): number {
    let ending = status;
    for (const [i, output] of outputs.entries()) {
      try {
        output.close(ending);
      } catch (thrown) {
        // Also when it is the console: what could not be said there may still be said here, and in the records.
        const error = toFailure(thrown, version);
        fdSink(2).write(Buffer.from(`${error.message}\n`));
        for (const later of outputs.slice(i + 1)) later.emit({ kind: 'failed', error });
        ending ||= exitStatus(thrown);
      }
    }
    return ending;
  }

  if (json !== undefined) endWithProcess({ emit, close }, version);
  return {
    emit,
    flush: () => outputs.forEach((output) => output.flush()),
    direct(settings, action) {
      const { verbosity, logTimestamp, progress } = settings;
      if (json === undefined || (!settings.json && action !== undefined)) {
        const columns = progress ? terminalColumns() : undefined;
        outputs = [openConsole(verbosity, logTimestamp, columns), ...openRecords(settings)];
        return;
      }
      refuseRecordsBetween(settings);
      // The last of them, so that its last line tells of failures to write the others.
      outputs = [errorConsole(), ...openRecords(settings), json({ verbosity, action, sink: fdSink(1) })];
    },
    answer(question, text) {
      if (json !== undefined) {
        emit({ kind: 'result', action: question, result: { text } });
        return 0;
      }
      const sink = fdSink(1);
      sink.write(Buffer.from(text));
      sink.close();
      return 0;
    },
    close,
  };
}

/** The last line also of a process that ends at once: for a second signal, or something that nobody caught. */
function endWithProcess({ emit, close }: Pick<Outputs, 'emit' | 'close'>, version: string): void {
  process.prependListener('uncaughtException', (thrown: unknown) => {
    emit({ kind: 'failed', error: toFailure(thrown, version) });
  });
  process.once('exit', (status) => {
    const [signal] = Object.entries(SIGNALS).find(([, ending]) => ending === status) ?? [];
    if (signal !== undefined) emit({ kind: 'interrupted', signal });
    close(status);
  });
}

function openConsole(verbosity: number, timestamps: boolean, columns?: () => number | undefined): Consumer {
  return humanOutput({ verbosity, timestamps, stdout: fdSink(1), stderr: fdSink(2), columns });
}

/** Nothing but what goes to stderr. */
function errorConsole(): Consumer {
  return humanOutput({ verbosity: 0, timestamps: false, stdout: NOWHERE, stderr: fdSink(2) });
}

/** Asked only for a progress bar: the stream of a terminal takes time to load. */
function terminalColumns(): (() => number | undefined) | undefined {
  return process.stdout.isTTY ? () => process.stdout.columns : undefined;
}

/** With `--json` standard output has lines of one kind. */
function refuseRecordsBetween({ logFd, logFile = '' }: Settings): void {
  if (logFd !== 1 && !/^\/(?:dev\/stdout|(?:dev|proc\/self)\/fd\/1)$/.test(logFile)) return;
  const flag = logFd === 1 ? '--log-fd' : '--log-file';
  throw new UsageError('COMMAND_LINE', `${flag} cannot send records to standard output, which belongs to --json.`);
}

function openRecords({ verbosity, logFd, logFile }: Settings): Consumer[] {
  const outputs: Consumer[] = [];
  if (logFd !== undefined) outputs.push(recordOutput({ verbosity, sink: openLogFd(logFd) }));
  if (logFile !== undefined) outputs.push(recordOutput({ verbosity, sink: openLogFile(logFile) }));
  return outputs;
}
