import { backup } from '../actions/backup/backup.ts';
import type { BackupResult } from '../actions/backup/result.ts';
import { doctor } from '../actions/doctor/doctor.ts';
import type { DoctorResult } from '../actions/doctor/finding.ts';
import { check } from '../actions/check/check.ts';
import type { CheckReport } from '../actions/check/report.ts';
import { drill } from '../actions/drill/drill.ts';
import { noteDrill } from '../actions/drill/record.ts';
import type { DrillReport } from '../actions/drill/report.ts';
import { entries } from '../actions/list/entries.ts';
import { versions } from '../actions/list/versions.ts';
import { cleanup, type CleanupResult } from '../actions/remove/cleanup.ts';
import { prune, type PruneResult } from '../actions/remove/prune.ts';
import { removeOld, type RemoveResult } from '../actions/remove/remove-old.ts';
import { mirror, type MirrorResult } from '../actions/mirror/mirror.ts';
import { replicate, type ReplicateResult } from '../actions/replicate/replicate.ts';
import { rekey, type RekeyResult } from '../actions/rekey/rekey.ts';
import { type RecoveryKit, recoveryKit } from '../actions/recovery/kit.ts';
import { readFile } from '../actions/restore/read-file.ts';
import { restore, type RestoreResult } from '../actions/restore/restore.ts';
import { salvage } from '../actions/restore/salvage/salvage.ts';
import { repair } from '../actions/repair/repair.ts';
import type { RepairReport } from '../actions/repair/report.ts';
import { squash, type SquashResult } from '../actions/squash/squash.ts';
import { collectionStatus } from '../actions/status/collection-status.ts';
import type { StatusResult } from '../actions/status/status-result.ts';
import { verify, type VerifyResult } from '../actions/verify/verify.ts';
import { openRemote } from '../pipeline/remote.ts';
import { withNotes } from '../repository/ledger/note.ts';
import { openLedger } from '../repository/ledger/state.ts';
import { knownRates, restoreRate } from '../repository/rates.ts';
import { openCalls } from './calls.ts';
import { type StoreEntry, storeEntry, type StoreVersion, storeVersion } from './entry.ts';
import { type CallOptions, encodingFor, secondsOf, type StoreOptions } from './options.ts';
import { type PathInput, withinBackup } from './paths.ts';
import { readableOf } from './readable.ts';
import {
  backupOptions,
  checkOptions,
  doctorOptions,
  drillOptions,
  pruneOptions,
  rekeyChange,
  repairOptions,
  restoreOptions,
  squashOptions,
  tooOld,
  verifyOptions,
} from './request-options.ts';
import type {
  BackupRequest,
  CheckRequest,
  DoctorRequest,
  DryRunOptions,
  DrillRequest,
  EntriesRequest,
  MirrorRequest,
  PruneRequest,
  ReadRequest,
  RekeyRequest,
  RemoveRequest,
  RepairRequest,
  ReplicateRequest,
  RestoreRequest,
  SquashRequest,
  VerifyRequest,
} from './requests.ts';

/**
 * Backups at one place, and what is done with them. Calls that only read (`sets`, `entries`, `versions`, `read`, `restore`,
 * `verify`, `check`) may run at once; one that writes has the archive dir for itself: it fails with USER_ERROR while another works,
 * and others while it does. What fails throws a `DuplicityError`; what a signal ends throws the reason of the signal.
 */
export interface Store extends AsyncDisposable {
  /**
   * The chains of backup sets that are there, and what belongs to none. Needs no passphrase.
   * @example
   * const { chains } = await store.sets();
   * for (const { sets } of chains) for (const { type, end } of sets) print(type, new Date(end * 1000));
   */
  sets(options?: CallOptions): Promise<StatusResult>;
  /**
   * What a backup holds, in the order of its index: a directory before what lies in it. No volume is fetched. Other calls may
   * be made meanwhile. RESTORE_PATH_NOT_FOUND where `path` is not in it.
   * @example
   * for await (const { path, type, size } of store.entries({ path: 'docs', depth: 1 })) print(path, type, size?.most);
   */
  entries(options?: EntriesRequest): AsyncIterable<StoreEntry>;
  /**
   * The sets that changed a path, oldest first; none where no backup knows it.
   * @example
   * for (const { time, kind } of await store.versions('docs/letter.txt')) print(kind, new Date(time * 1000));
   */
  versions(path: PathInput, options?: CallOptions): Promise<readonly StoreVersion[]>;
  /**
   * The bytes of one file; only volumes that can hold it are fetched. RESTORE_PATH_NOT_FOUND where it is not in the backup.
   * Damage ends the stream with an error, never early. Read it to its end, or cancel it.
   * @example
   * const letter = await store.read('docs/letter.txt');
   * print(await new Response(letter).text());
   */
  read(path: PathInput, options?: ReadRequest): Promise<ReadableStream<Uint8Array>>;
  /**
   * Writes one backup set. One that was ended before, by a signal or a failure, goes on where it was. Entries that cannot be
   * read are counted in `errors` and told as warnings.
   * @example
   * const { kind, set, statistics } = await store.backup({ source: home, select: [{ kind: 'glob', sense: 'exclude', pattern: '**\/*.tmp' }] });
   * print(kind, set?.type, statistics.newFiles);
   */
  backup(request: BackupRequest): Promise<BackupResult>;
  /**
   * Writes the state of a time, or a part of it, into a directory. INCOMPLETE where some of it could not be restored: the
   * warnings told what. With `salvage` it goes on past damage, and the result tells of each path that is not whole.
   * @example
   * const { entries } = await store.restore({ path: 'docs', to: `${scratch}/docs` });
   * print(entries);
   */
  restore(request: RestoreRequest): Promise<RestoreResult>;
  /**
   * Reads all that a state needs, checks it and, with `compareData`, compares it with a tree. Each difference is an event.
   * @example
   * const { compared, differences } = await store.verify({ against: home, compareData: true });
   * print(compared, differences);
   */
  verify(request: VerifyRequest): Promise<VerifyResult>;
  /**
   * Proves that what is stored is what was stored, without a passphrase as far as the archive dir has the manifests; remembers
   * there what was proven. Damage is in the result, and no failure.
   * @example
   * const { damage, now, never } = await store.check({ percent: 10 });
   * for (const { file, reason, remedy } of damage) print(file, reason, remedy);
   * print(now.bytes, never.bytes);
   */
  check(request?: CheckRequest): Promise<CheckReport>;
  /**
   * Looks at all that a backup needs, and tells what would stop it. What it stores to try the rights of the account, it
   * deletes again. Trouble is in the result, and no failure.
   * @example
   * const { isFit, findings } = await store.doctor({ source: home });
   * if (!isFit) for (const { about, state, text, hint } of findings) if (state !== 'ok') print(about, text, hint);
   */
  doctor(request?: DoctorRequest): Promise<DoctorResult>;
  /**
   * Restores some files and the whole listing of the newest backup as on another machine, and compares them with their
   * signatures and, where it is given, with the source. The speed, and whether it passed, are written down in the archive dir.
   * What is wrong is in the result, and no failure.
   * @example
   * const { isPassed, failures, restoreSeconds } = await store.drill({ source: home, files: 3 });
   * for (const { what, hint } of failures) print(what, hint);
   * print(isPassed, restoreSeconds !== undefined);
   */
  drill(request?: DrillRequest): Promise<DrillReport>;
  /**
   * Makes damaged and missing files of the store again: of a copy at another place, of files of the source that are as they
   * were, of the volumes, of the archive dir. What cannot be made again is in the result, and no failure. Needs the
   * passphrase or keys.
   * @example
   * const { mended, unmended } = await store.repair({ source: home });
   * print(mended.length);
   * for (const { file, reason } of unmended) print(file, reason);
   */
  repair(request?: RepairRequest): Promise<RepairReport>;
  /**
   * Removes old backups. The result holds the plan.
   * @example
   * const { plan, isRemoved } = await store.remove({ keepFulls: 3 });
   * print(plan.times.length, isRemoved);
   */
  remove(request: RemoveRequest): Promise<RemoveResult>;
  /**
   * Removes the sets that no rule asks for and nothing kept builds on. The newest always stays. The result tells of each set
   * why it stays, or which files of it are deleted.
   * @example
   * const { sets, freed } = await store.prune({ keep: { daily: 7, weekly: 4, monthly: 12 }, dryRun: true });
   * for (const { end, fate } of sets) print(fate.kind, new Date(end * 1000));
   * print(freed);
   */
  prune(request: PruneRequest): Promise<PruneResult>;
  /**
   * Removes files that belong to no complete set, such as those of a backup that was ended and will not go on.
   * @example
   * const { files } = await store.cleanup({ dryRun: true });
   * print(files.length);
   */
  cleanup(options?: DryRunOptions): Promise<CleanupResult>;
  /**
   * Copies the backup sets of another place that this one lacks, encrypted anew with the keys of this store.
   * @example
   * const { copied } = await store.replicate({ from: 'file:///srv/other' });
   * print(copied.length);
   */
  replicate(request: ReplicateRequest): Promise<ReplicateResult>;
  /**
   * Makes one increment of several that follow one another, without the source. The states between them cannot be restored any
   * more, all others can. The result tells the sets, and bytes before and after.
   * @example
   * const [chain] = (await store.sets()).chains;
   * if (chain.sets.length > 2) {
   *   const { squashed, bytesBefore, bytesAfter } = await store.squash({ from: chain.start, to: chain.end });
   *   print(squashed.length, bytesBefore, bytesAfter);
   * }
   */
  squash(request: SquashRequest): Promise<SquashResult>;
  /**
   * Keeps the same backup at a second place: sends the files of complete sets that are lacking there, as they are. Needs no
   * key. Backups can be made meanwhile.
   * @example
   * const { copied } = await store.mirror({ to: 'file:///srv/second' });
   * for (const { files, bytes } of copied) print(files, bytes);
   */
  mirror(request: MirrorRequest): Promise<MirrorResult>;
  /**
   * Changes who can open the backup: adds keys or a passphrase, and drops others. Needs what opens it now. The data stay as they
   * are encrypted, so that who could read copies before still can. A call that was ended goes on where it was.
   * @example
   * const { rekeyed } = await store.rekey({ newPassphrase: () => 'another secret', drop: ['passphrase'], dryRun: true });
   * print(rekeyed.length);
   */
  rekey(request: RekeyRequest): Promise<RekeyResult>;
  /**
   * What restores the newest chain without this program: a sheet for paper and a shell script. Needs no key, holds no secret.
   * @example
   * const { sheet, script } = await store.recoveryKit();
   * print(sheet, script.length);
   */
  recoveryKit(options?: CallOptions): Promise<RecoveryKit>;
  /**
   * Ends whatever still runs and lets go of everything; `await using` does it, too. A second call waits for the first.
   * @example
   * await store.close();
   */
  close(): Promise<void>;
}

/**
 * Opens the place at `url`, as the command line takes it: `file:///srv/backup`, `sftp://me@nas/home`, … Nothing is made
 * there before something is stored. Close it in the end. Throws a `DuplicityError` where the place cannot be reached.
 * @example
 * const store = await openStore('file:///srv/backup', { archiveDir: '/var/cache/home-backup', passphrase: () => readSecret() });
 */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
  const calls = await openCalls(url, options);
  const close = (): Promise<void> => calls.close();
  const signer = options.keys?.signWith;
  return {
    sets: ({ signal } = {}) => calls.run({ action: 'collection-status', isReading: true, signal }, collectionStatus),
    async *entries({ time, path, depth, signal } = {}) {
      const wanted = { time: secondsOf(time), path: withinBackup(path), ...(depth !== undefined && { depth }) };
      const task = { action: 'list-current-files', isReading: true, signal } as const;
      for await (const entry of calls.stream(task, (repository) => entries(repository, wanted)))
        yield storeEntry(entry);
    },
    async versions(path, { signal } = {}) {
      const wanted = withinBackup(path);
      const task = { action: 'collection-status', isReading: true, signal } as const;
      return (await calls.run(task, (repository) => versions(repository, wanted))).map(storeVersion);
    },
    read(path, { time, signal } = {}) {
      const options = { time: secondsOf(time), signer };
      const task = { action: 'restore', isReading: true, signal } as const;
      return readableOf(calls.stream(task, (repository) => readFile(repository, withinBackup(path), options)));
    },
    backup(request) {
      const { kind = 'auto', dryRun, signal } = request;
      const task = { action: kind === 'auto' ? 'backup' : kind, stores: true, dryRun, signal } as const;
      return calls.run(task, async (repository) => backup(repository, backupOptions(request)));
    },
    restore(request) {
      const { dryRun, signal } = request;
      const task = { action: 'restore', isReading: true, dryRun, signal } as const;
      const act = request.salvage === true && dryRun !== true ? salvage : restore;
      return calls.run(task, async (repository) => act(repository, restoreOptions(request, options)));
    },
    verify(request) {
      const task = { action: 'verify', isReading: true, signal: request.signal } as const;
      return calls.run(task, async (repository) => verify(repository, verifyOptions(request, options)));
    },
    check(request = {}) {
      const { dryRun, signal } = request;
      const task = { action: 'check', isReading: true, dryRun, signal } as const;
      return calls.run(task, async (repository) => check(repository, checkOptions(request)));
    },
    doctor(request = {}) {
      const task = { action: 'backup', isReading: true, signal: request.signal } as const;
      return calls.run(task, async (repository) => doctor(repository, doctorOptions(request, options)));
    },
    drill(request = {}) {
      const task = { action: 'restore', isReading: true, isEmergency: true, signal: request.signal } as const;
      return calls.run(task, async (repository) => {
        const knownRate = restoreRate(knownRates(calls));
        const report = await drill(repository, { ...drillOptions(request, options), knownRate });
        await noteDrill(calls.archiveDir, repository.now, report);
        return report;
      });
    },
    repair(request = {}) {
      const { from, dryRun, signal } = request;
      return calls.run({ action: 'repair', dryRun, signal }, async (repository) => {
        await using backend = from === undefined ? undefined : await calls.open(from);
        const other = backend && { backend, remote: openRemote({ ...repository, backend }) };
        return await repair(repository, { ...repairOptions(request), other });
      });
    },
    remove(request) {
      const { dryRun, signal } = request;
      const task = { action: 'remove-older-than', dryRun, signal } as const;
      return calls.run(task, async (repository) =>
        removeOld(repository, { what: tooOld(request), force: dryRun !== true }),
      );
    },
    prune(request) {
      const { dryRun, signal, squash } = request;
      const action = squash === undefined ? 'prune' : 'squash';
      return calls.run({ action, dryRun, signal }, async (repository) =>
        prune(repository, pruneOptions(request, options)),
      );
    },
    cleanup: ({ dryRun, signal } = {}) =>
      calls.run({ action: 'cleanup', dryRun, signal }, (repository) => cleanup(repository, { force: dryRun !== true })),
    replicate({ from, before, concurrency, dryRun, signal }) {
      const wanted = { before: secondsOf(before), concurrency, encoding: encodingFor(options) };
      return calls.run({ action: 'replicate', stores: true, dryRun, signal }, async (repository) => {
        await using backend = await calls.open(from);
        const remote = openRemote({ ...repository, backend });
        return await replicate(repository, { ...wanted, origin: { backend, remote } });
      });
    },
    squash(request) {
      const { dryRun, signal } = request;
      const task = { action: 'squash', dryRun, signal } as const;
      return calls.run(task, async (repository) => squash(repository, squashOptions(request, options)));
    },
    mirror({ to, before, deletes = false, force = false, concurrency, dryRun, signal }) {
      const wanted = { before: secondsOf(before), deletes, force, concurrency };
      return calls.run({ action: 'mirror', dryRun, signal }, async (repository) => {
        const makesPlace = dryRun !== true;
        await using backend = await calls.open(to, makesPlace);
        const archiveDir = calls.archiveDirFor(to);
        const ledger = openLedger({ ...repository, archiveDir });
        const noted = withNotes(backend, ledger);
        const remote = openRemote({ ...repository, backend: noted });
        const second = { ...repository, backend: noted, remote, ledger, url: to, makesPlace, archiveDir };
        return await mirror(second, { ...wanted, origin: repository, archivePath: repository.archiveDir.path });
      });
    },
    rekey(request) {
      const { atOnce, dryRun, signal } = request;
      return calls.run({ action: 'rekey', dryRun, signal }, async (repository) =>
        rekey(repository, { change: await rekeyChange(request), atOnce }),
      );
    },
    recoveryKit: ({ signal } = {}) => calls.run({ action: 'recovery-kit', isReading: true, signal }, recoveryKit),
    close,
    [Symbol.asyncDispose]: close,
  };
}
