import type { Backend, Call } from '../backends/backend.ts';
import type { OpenOptions } from '../backends/open-options.ts';
import { parseFaults, type FaultRule } from '../backends/wrap/fault-rules.ts';
import { wouldAsk } from '../actions/doctor/finding.ts';
import { lookAtArchiveDir, openArchiveDir } from '../cache/archive-dir.ts';
import type { RunCommand } from '../cli/command.ts';
import { encodingOf } from '../cli/engine-options.ts';
import { openOutputs, type Outputs } from '../cli/outputs.ts';
import { runBackup } from '../cli/run/backup.ts';
import { parseCommandLine } from '../cli/parse.ts';
import { runList } from '../cli/run/list.ts';
import { runCleanup, runRemove } from '../cli/run/remove.ts';
import { runRestore } from '../cli/run/restore.ts';
import { runStatus } from '../cli/run/status.ts';
import { runVerify } from '../cli/run/verify.ts';
import { suitAwsSdk } from '../cli/suit-aws-sdk.ts';
import { adoptLocalZone } from '../cli/time/local-zone.ts';
import { archiveDirOf, tempRoots } from '../cli/places.ts';
import { processSurroundings, processWords, type Surroundings } from '../cli/surroundings.ts';
import { catchSignals, type Interrupts, SIGNALS } from '../cli/signals.ts';
import { versionText } from '../cli/version.ts';
import { type AskIo, askPassphrase } from '../crypto/ask/ask.ts';
import { askPerson } from '../crypto/ask/ask-person.ts';
import { processIo } from '../crypto/ask/process-io.ts';
import { unreachable } from '../backends/wrap/unreachable.ts';
import type { KeysAction } from '../repository/keys.ts';
import type { Repository } from '../repository/repository.ts';
import type { Emit } from '../events/events.ts';
import { CODES } from '../errors/codes.ts';
import { DuplicityError, UsageError } from '../errors/errors.ts';
import { openRemote } from '../pipeline/remote.ts';
import { openSpool, type Spool } from '../pipeline/spool.ts';
import type { Emergency } from '../store/emergency.ts';
import { openRepository, placeOpener } from '../store/open-repository.ts';
import { toFailure } from '../errors/failure.ts';
import { exitStatus } from '../ui/exit-status.ts';
import { tellUncaught } from '../ui/last-words.ts';
import { tuneForLoops } from './tune-compiler.ts';

declare const __VERSION__: string;

const BULKY_MODULES: readonly string[] = ['node:crypto', 'node:fs/promises', 'node:zlib'];
/** Actions that go through any number of files, and the large modules of node they use. */
const BULKY_ACTIONS: Readonly<Partial<Record<RunCommand['action'], readonly string[]>>> = {
  full: BULKY_MODULES,
  incremental: BULKY_MODULES,
  backup: BULKY_MODULES,
  restore: BULKY_MODULES,
  verify: BULKY_MODULES,
  squash: BULKY_MODULES,
  check: BULKY_MODULES,
  rekey: BULKY_MODULES,
  'list-current-files': ['node:zlib'],
};

/** Actions that make the place of the URL, or of the target URL, when it is not there. */
const STORING_ACTIONS: ReadonlySet<RunCommand['action']> = new Set([
  'full',
  'incremental',
  'backup',
  'replicate',
  'mirror',
  'validate-backend',
]);

/** What the program is called when it is the other one. */
const RDIFFDIR = /(?:^|\/)rdiffdir(?:\.c?js)?$/;

interface Circumstances extends Call {
  readonly around: Surroundings;
}

/** Where a run says what it does, and what makes all of that visible at once. */
interface Said {
  readonly emit: Emit;
  readonly flush: () => void;
}

async function main(): Promise<void> {
  // A mask that takes from the owner would make directories that nobody but root can write into.
  process.umask(process.umask() & 0o077);
  adoptLocalZone(process.env);
  suitAwsSdk(process.env);
  const isRdiffdir = RDIFFDIR.test(process.argv[1] ?? '');
  tellUncaught(__VERSION__, isRdiffdir ? CODES.GENERIC : CODES.EXCEPTION);
  process.exitCode = isRdiffdir
    ? await (await import('../rdiffdir/main.ts')).rdiffdir(__VERSION__)
    : await runCommandLine();
}

async function runCommandLine(): Promise<number> {
  const outputs = await openOutputs(processWords(), __VERSION__);
  return outputs.close(await perform(outputs));
}

/** Runs the command line of this process. */
async function perform(outputs: Outputs): Promise<number> {
  const { emit, flush, direct } = outputs;
  let interrupts: Interrupts | undefined;
  try {
    const around = processSurroundings();
    const command = parseCommandLine(processWords(), around, direct);
    if (command.action === 'version') return outputs.answer('version', versionText(__VERSION__));
    if (command.action === 'help') {
      return outputs.answer('help', (await import('../cli/help.ts')).helpText(command.about));
    }
    direct(command.settings, command.action);
    for (const text of command.warnings) emit({ kind: 'warning', text });
    if (command.action === 'profile') {
      return await (await import('../cli/run/profile.ts')).runProfile(command, around, emit);
    }
    interrupts = catchSignals(SIGNALS);
    return await run(command, { around, signal: interrupts.signal }, { emit, flush });
  } catch (thrown) {
    const by = interrupts?.by();
    if (by !== undefined) {
      emit({ kind: 'interrupted', signal: by });
      return SIGNALS[by];
    }
    emit({ kind: 'failed', error: toFailure(thrown, __VERSION__) });
    return exitStatus(thrown);
  }
}

async function run(command: RunCommand, { around, ...call }: Circumstances, { emit, flush }: Said): Promise<number> {
  const { settings } = command;
  // It tells of all that is wrong, and makes nothing.
  const looks = command.action === 'doctor' || command.action === 'roles';
  const tries = looks ? 1 : settings.numRetries;
  using spool = openSpool(tempRoots(settings.tempdir, around.env));
  using emergency = command.action === 'drill' ? await openEmergency(command, { spool, env: around.env }) : undefined;
  const archiveDir =
    emergency?.archiveDir ?? (looks ? lookAtArchiveDir(command.archiveDir) : openArchiveDir(command.archiveDir, ''));
  const warn = (text: string): void => emit({ kind: 'warning', text });
  const makesPlace = STORING_ACTIONS.has(command.action) && !settings.dryRun;
  const open = await placeOpener({
    env: around.env,
    settings,
    tries,
    retryDelayMs: settings.backendRetryDelay * 1000,
    limitUpload: settings.limitUpload,
    limitDownload: settings.limitDownload,
    faults: [...parseFaults(around.env['DUPLICITY_TEST_FAULTS']), ...skipping(settings.skipVolume)],
    spool,
    emit,
    call,
    askPassword: askPassword({ emit, flush }, call),
    ask: (question) => askPerson(question, processIo({ warn, flush, ...call })),
  });
  /** Policies are printed of a place that is not there, too. */
  const openPlace = async (): Promise<Backend> => {
    if (command.action !== 'roles' || settings.check) return open(addressed(url), makesPlace);
    return unreachable(new UsageError('USER_ERROR', 'The place is not opened.'));
  };
  const addressed = (url: string): string => (settings.gio ? `gio+${url}` : url);
  const url = 'targetUrl' in command ? command.targetUrl : command.url;
  await using backend = await openPlace().catch((error: unknown) => {
    if (command.action !== 'doctor' || !(error instanceof DuplicityError)) throw error;
    return unreachable(error);
  });
  let io: AskIo | undefined;
  const repository = openRepository({
    backend,
    url,
    makesPlace,
    spool,
    archiveDir,
    encoding: emergency?.encoding ?? encodingOf(settings),
    action: keysActionOf(command),
    env: emergency?.env ?? around.env,
    ask: async (question, warn) => {
      if (looks) throw wouldAsk();
      return askPassphrase(question, (io ??= processIo({ warn, flush, ...call })));
    },
    prefixes: {
      all: settings.filePrefix,
      volume: settings.filePrefixArchive,
      manifest: settings.filePrefixManifest,
      signatures: settings.filePrefixSignature,
      jsonstat: settings.filePrefixJsonstat,
    },
    timeSeparator: settings.timeSeparator,
    now: settings.currentTime ?? around.now,
    dryRun: settings.dryRun,
    tries,
    metadataSync: settings.metadataSyncMode,
    isMetered: settings.progress,
    ledger: {
      strict: settings.strict || emergency !== undefined,
      forgetsMissing: settings.forgetMissing,
      isShared: settings.ledger,
    },
    emit,
    call,
  });
  if (command.action === 'doctor') {
    const { runDoctor } = await import('../cli/run/doctor.ts');
    return await runDoctor(repository, settings, { ...command, env: around.env });
  }
  if (command.action === 'drill') {
    const { runDrill } = await import('../cli/run/drill.ts');
    return await runDrill(repository, settings, { ...command, archivePath: command.archiveDir });
  }
  if (command.action === 'repair') {
    tuneForLoops(BULKY_MODULES);
    const { runRepair } = await import('../cli/run/repair.ts');
    return await runRepair(repository, settings, command, (from) => open(addressed(from), false));
  }
  if (!('targetUrl' in command)) return await act(repository, command);
  await using origin = await open(addressed(command.url), false);
  const remote = openRemote({ backend: origin, spool, call, tries: settings.numRetries });
  tuneForLoops(BULKY_MODULES);
  if (command.action === 'mirror') {
    const { runMirror } = await import('../cli/run/mirror.ts');
    const place = { backend: origin, remote, url: command.url };
    return await runMirror(repository, settings, place, archiveDirOf(settings, command.url, around));
  }
  const { runReplicate } = await import('../cli/run/replicate.ts');
  return await runReplicate(repository, settings, { backend: origin, remote });
}

/** What a drill has in place of the archive dir and of gpg's memory. */
async function openEmergency(
  { archiveDir, settings }: RunCommand,
  given: { readonly spool: Spool; readonly env: Surroundings['env'] },
): Promise<Emergency> {
  const { emergency } = await import('../store/emergency.ts');
  return emergency({ ...given, archivePath: archiveDir, encoding: encodingOf(settings) });
}

/** What keys and passphrases are found for. */
function keysActionOf({ action, settings }: RunCommand): KeysAction {
  if (action === 'doctor') return 'backup';
  if (action === 'drill') return 'restore';
  return action === 'prune' && settings.squash ? 'squash' : action;
}

/** What `--skip-volume` asks for. */
function skipping(volume: number | undefined): readonly FaultRule[] {
  if (volume === undefined) return [];
  return parseFaults(JSON.stringify([{ op: 'put', match: `.vol${volume}.`, do: 'skip' }]));
}

/** Only on a terminal: without one, standard input belongs to the passphrases. */
function askPassword(
  { emit, flush }: { readonly emit: Emit; readonly flush: () => void },
  { signal }: Call,
): NonNullable<OpenOptions['askPassword']> {
  const io = processIo({ warn: (text) => emit({ kind: 'warning', text }), flush, signal });
  const nobody = { line: () => Promise.resolve(undefined), close: () => undefined };
  return (prompt, variable = 'FTP_PASSWORD') =>
    askPassphrase({ prompt, mayBeEmpty: true, variable }, { ...io, fallback: () => nobody });
}

async function act(
  repository: Repository,
  command: Exclude<RunCommand, { readonly targetUrl: string } | { readonly action: 'doctor' | 'drill' | 'repair' }>,
): Promise<number> {
  const modules = BULKY_ACTIONS[command.action];
  if (modules !== undefined) tuneForLoops(modules);
  switch (command.action) {
    case 'full':
    case 'incremental':
    case 'backup':
      return runBackup(repository, command.settings, command);
    case 'restore':
      return runRestore(repository, command.settings, command);
    case 'verify':
      return runVerify(repository, command.settings, command);
    case 'list-current-files':
      return runList(repository, command.settings);
    case 'collection-status':
      return runStatus(repository, command.settings);
    case 'check':
      return (await import('../cli/run/check.ts')).runCheck(repository, command.settings);
    case 'cleanup':
      return runCleanup(repository, command.settings);
    case 'remove-older-than':
    case 'remove-all-but-n-full':
    case 'remove-all-inc-of-but-n-full':
      return runRemove(repository, command.settings, command);
    case 'prune':
      return (await import('../cli/run/prune.ts')).runPrune(repository, command.settings);
    case 'squash':
      return (await import('../cli/run/squash.ts')).runSquash(repository, command.settings);
    case 'rekey':
      return (await import('../cli/run/rekey.ts')).runRekey(repository, command.settings);
    case 'recovery-kit':
      return (await import('../cli/run/recovery-kit.ts')).runRecoveryKit(repository, command.settings);
    case 'roles':
      return (await import('../cli/run/roles.ts')).runRoles(repository, command.settings);
    case 'validate-backend':
      return (await import('../cli/run/validate.ts')).runValidate(repository);
  }
}

void main();
