import { tempRoots } from '../cli/places.ts';
import { catchSignals } from '../cli/signals.ts';
import { processSurroundings, processWords } from '../cli/surroundings.ts';
import { localFailure } from '../crypto/local-failure.ts';
import { CODES } from '../errors/codes.ts';
import { DuplicityError } from '../errors/errors.ts';
import type { Emit } from '../events/events.ts';
import { openSpool } from '../pipeline/spool.ts';
import { localAccounts } from '../source/accounts.ts';
import { toFailure } from '../errors/failure.ts';
import { humanOutput } from '../ui/human.ts';
import { interruption } from '../ui/interruption.ts';
import { maskFor } from '../ui/mask.ts';
import { fdSink } from '../ui/sink.ts';
import { patch } from './apply.ts';
import { parseRdiffdir, type RdiffRequest, type RdiffSettings } from './command-line.ts';
import { HELP } from './help.ts';
import { store } from './store.ts';

/** Failures of a selection have their own numbers in the reference, all else is 1. */
const OWN_STATUS: ReadonlySet<number> = new Set([
  CODES.FILE_PREFIX_ERROR,
  CODES.GLOBBING_ERROR,
  CODES.REDUNDANT_INCLUSION,
  CODES.STRICT,
]);
const SIGNALS = { SIGINT: 130, SIGHUP: 129, SIGTERM: 143 } as const;

/** Runs the command line of this process and answers its exit status. Messages go to standard error. */
export async function rdiffdir(version: string): Promise<number> {
  const mask = maskFor(processWords());
  const say = (text: string): void => fdSink(2).write(Buffer.from(`${mask(text)}\n`));
  const { signal, by } = catchSignals(SIGNALS);
  try {
    const command = parseRdiffdir(processWords(), processSurroundings(), say);
    if (command.action === 'run') await run(command.request, command.settings, signal);
    else fdSink(1).write(Buffer.from(command.action === 'help' ? HELP : `rdiffdir ${version}\n`));
    return 0;
  } catch (thrown) {
    const interrupted = by();
    if (interrupted !== undefined) {
      say(interruption(interrupted));
      return SIGNALS[interrupted];
    }
    const failure = toFailure(explained(thrown), version);
    const { code, message, hint, exitCode } = failure;
    if (code === 'COMMAND_LINE') say(`Error: ${message}\nSee the rdiffdir manual page for instructions`);
    else say(hint === undefined ? message : `${message}\n${hint}`);
    return OWN_STATUS.has(exitCode) ? exitCode : 1;
  }
}

async function run(request: RdiffRequest, settings: RdiffSettings, signal: AbortSignal): Promise<void> {
  const { verbosity } = settings;
  const output = humanOutput({ verbosity, timestamps: false, stdout: fdSink(2), stderr: fdSink(2) });
  const emit: Emit = (event) => output.emit(event);
  using spool = openSpool(tempRoots(undefined, process.env));
  const context = { settings, spool, accounts: localAccounts(), emit, signal };
  try {
    if (request.action === 'patch') await patch(request, context);
    else await store(request, context);
  } finally {
    output.close();
  }
}

/** There is no archive dir here: what cannot be written is a temporary file. */
function explained(thrown: unknown): unknown {
  if (!(thrown instanceof DuplicityError) || thrown.code !== 'BAD_ARCHIVE_DIR') return thrown;
  return localFailure('write', 'a temporary file', thrown.cause);
}
