import { rmSync } from 'node:fs';
import type { Manifest } from '../../archive/manifest/manifest.ts';
import { type FileName, formatLocalName, formatName, type MetadataName, parseName } from '../../archive/names/names.ts';
import { setKey } from '../../collections/listing.ts';
import { type BackupSet, volumeNames } from '../../collections/sets.ts';
import type { Codec } from '../../crypto/codec.ts';
import { ChainError, CryptoError, IntegrityError } from '../../errors/errors.ts';
import { recode, type Recoded } from '../../pipeline/recode.ts';
import { type FetchedFile, fileAt } from '../../pipeline/remote.ts';
import { planSet, type SetPlan } from '../../pipeline/unpack/set-plan.ts';
import { COPIES_AHEAD, roomFor, UploadQueue } from '../../pipeline/pack/upload-queue.ts';
import { volumeFetcher } from '../../pipeline/unpack/volume-fetcher.ts';
import { ROOT } from '../../util/bytepath.ts';
import { asctime } from '../../util/time.ts';
import { fetchDecoded } from '../../repository/metadata/fetch-decoded.ts';
import type { Encoding, Writers } from '../../repository/keys.ts';
import type { Repository } from '../../repository/repository.ts';
import { readSetManifest } from '../../repository/metadata/read-manifest.ts';
import type { Replica } from './replica.ts';
import { ReplicateJournal } from './replicate-journal.ts';
import { writeReplicatedManifest } from './replicated-manifest.ts';

interface ReplicationOptions {
  readonly from: Repository;
  readonly to: Repository;
  /** Of the copies, as the keys of `to` have it. */
  readonly encoding: Encoding;
  readonly concurrency: number | undefined;
  /** What lies there at the beginning. */
  readonly source: Replica;
  readonly replica: Replica;
}

/** A set on its way. */
interface Task {
  readonly set: BackupSet;
  readonly manifest: Manifest;
  readonly plan: SetPlan;
  readonly writers: Writers;
  readonly journal: ReplicateJournal;
}

/** Copies sets, each of which becomes visible when its manifest, the last of its files, has arrived. */
export class SetReplication {
  readonly #options: ReplicationOptions;
  /** Bytes of the largest copy so far. */
  #largest = 0;

  constructor(options: ReplicationOptions) {
    this.#options = options;
  }

  /** Copies what is lacking of a set; false when nothing is. In a dry run nothing is copied, all else is the same. */
  async copy(set: BackupSet): Promise<boolean> {
    const { from, to, replica } = this.#options;
    const there = replica.sets.get(setKey(set));
    if (there?.manifest !== undefined && isSubset(set.volumes, there.volumes)) return this.#copyLostSignatures(set);

    const manifest = await readSetManifest(from, set);
    const plan = planSet(set, manifest, ROOT, { prefixes: from.prefixes, ignoreErrors: false });
    if (there?.manifest !== undefined) {
      if (plan.records.every(({ number }) => there.volumes.has(number))) return this.#copyLostSignatures(set);
      to.emit({ kind: 'warning', text: `The set of ${asctime(set.end)} lacks volumes there: it is copied anew.` });
    }
    const writers = await to.keys.writers();
    this.#checkCoding(set, writers);
    const task: Task = { set, manifest, plan, writers, journal: await this.#openJournal(set) };
    await this.#copyVolumes(task);
    for (const name of this.#metadataOf(set)) await this.#copyMetadata(name, task);
    if (to.dryRun) return true;
    await this.#publishManifest(task);
    task.journal.remove();
    return true;
  }

  /** A set that is there needs its signatures to be built upon. */
  async #copyLostSignatures(set: BackupSet): Promise<boolean> {
    const { to, replica } = this.#options;
    const journal = new ReplicateJournal(to.archiveDir, set, '');
    if (!to.dryRun) journal.remove();
    const [name] = this.#signaturesOf(set);
    if (name === undefined || replica.signatures.has(setKey(set))) return false;
    const { volume } = await to.keys.writers();
    const copy = this.#newName(name, volume);
    this.#say(name);
    if (!to.dryRun) await this.#upload(await this.#recodeRemote(name, volume), copy);
    return true;
  }

  async #copyVolumes({ set, plan, writers, journal }: Task): Promise<void> {
    const { from, to } = this.#options;
    const { dryRun, tries, call, spool } = to;
    const records = plan.records.filter(
      ({ number }) => !this.#isThere(this.#volumeName(set, number, writers), journal),
    );
    const { concurrency = COPIES_AHEAD } = this.#options;
    const hasRoom = roomFor(spool, () => this.#largest);
    const uploads = new UploadQueue({ ahead: concurrency, parallel: to.backend.traits.parallel, hasRoom });
    const { remote, prefixes } = from;
    const rules = { remote, spool, prefixes, tries, signal: call.signal };
    const volumes = volumeFetcher([{ ...plan, records }], rules);
    const codecOf = await from.keys.reader(volumeNames(set));
    try {
      for (const record of records) {
        const [first = ''] = set.volumes.get(record.number) ?? [];
        this.#say(first);
        if (dryRun) continue;
        const { name, file, isChecked } = await volumes.take(record);
        const copy = await this.#recode(name, file, { from: codecOf(name), to: writers.volume, isChecked });
        await uploads.add(() => this.#upload(copy, this.#volumeName(set, record.number, writers), journal));
      }
      await uploads.drain();
    } finally {
      await uploads.settle();
      await volumes.close();
    }
  }

  async #copyMetadata(name: string, { writers, journal }: Task): Promise<void> {
    const copy = this.#newName(name, writers.volume);
    if (this.#isThere(copy, journal)) return;
    this.#say(name);
    if (this.#options.to.dryRun) return;
    await this.#upload(await this.#recodeRemote(name, writers.volume), copy, journal);
  }

  async #publishManifest({ set, manifest, writers, journal }: Task): Promise<void> {
    const { from, to } = this.#options;
    const { spool, call, keys, archiveDir, prefixes } = to;
    const hashes = new Map<number, string>();
    for (const { number } of manifest.volumes) {
      const copy = journal.find(this.#volumeName(set, number, writers));
      if (copy === undefined) throw new Error(`volume ${number} was not copied`);
      hashes.set(number, copy.hash);
    }
    const path = spool.newPath('manifest');
    const reread = (): AsyncIterable<Buffer> => fetchDecoded(from, set.manifest ?? '', { signal: call.signal });
    await writeReplicatedManifest(path, { manifest, hashes, reread });
    const file = fileAt(path, () => rmSync(path, { force: true }));
    const plain = keys.local('');
    const copy = await this.#recode('manifest', file, { from: plain, to: writers.manifest, isChecked: true });
    // A copy in the archive dir would be taken for what is there now.
    for (const kind of ['manifest', 'signatures'] as const) {
      archiveDir.remove(formatLocalName(metadataName(kind, set), prefixes));
    }
    const name = formatName({ ...metadataName('manifest', set), ...suffixOf(writers.manifest) }, prefixes);
    await this.#upload(copy, name);
  }

  async #recodeRemote(name: string, codec: Codec): Promise<Recoded> {
    const { from, to } = this.#options;
    const codecOf = await from.keys.reader([name]);
    const file = await from.remote.fetch(name, to.call.signal);
    return this.#recode(name, file, { from: codecOf(name), to: codec, isChecked: false });
  }

  async #recode(
    name: string,
    file: FetchedFile,
    coding: Pick<Parameters<typeof recode>[1], 'from' | 'to' | 'isChecked'>,
  ): Promise<Recoded> {
    const { to, encoding } = this.#options;
    const { spool, call } = to;
    const mayKeep = encoding.compressionLevel === undefined;
    const signer = encoding.signKey;
    return recode(file, { name, ...coding, mayKeep, signer, spool, signal: call.signal });
  }

  async #upload(
    { path, size, hash, isSpare, release }: Recoded,
    name: string,
    journal?: ReplicateJournal,
  ): Promise<void> {
    const { remote, emit } = this.#options.to;
    const background = (this.#options.concurrency ?? 0) > 0;
    this.#largest = Math.max(this.#largest, size);
    try {
      emit({ kind: 'uploading', name, background });
      await remote.put(name, path, { isSpare });
      journal?.add({ name, size, hash });
      emit({ kind: 'uploaded', name, background });
    } finally {
      release();
    }
  }

  /** What a run before this one has copied. */
  async #openJournal(set: BackupSet): Promise<ReplicateJournal> {
    const { archiveDir, dryRun } = this.#options.to;
    const { encryption, recipients, hiddenRecipients, signKey } = this.#options.encoding;
    // As earlier releases wrote it.
    const coding = JSON.stringify({
      noEncryption: !encryption,
      encryptKey: recipients,
      hiddenEncryptKey: hiddenRecipients,
      signKey,
    });
    const journal = new ReplicateJournal(archiveDir, set, coding);
    if (!dryRun && !(await this.#canReadOn(journal))) journal.remove();
    return journal;
  }

  /** A set encrypted with two passphrases could not be restored: one of the copies is read with the one of now. */
  async #canReadOn(journal: ReplicateJournal): Promise<boolean> {
    const { remote, keys, call } = this.#options.to;
    const encrypted = journal.files.filter(({ name }) => name.endsWith('.gpg') && this.#isThere(name, journal));
    const smallest = encrypted.toSorted((a, b) => a.size - b.size)[0];
    if (smallest === undefined || !keys.isSymmetric) return true;
    const { name } = smallest;
    const codecOf = await keys.reader([name]);
    const file = await remote.fetch(name, call.signal);
    try {
      for await (const block of codecOf(name).open(file.path, { name, signal: call.signal, reuses: true })) void block;
      return true;
    } catch (error) {
      if (error instanceof CryptoError || error instanceof IntegrityError) return false;
      throw error;
    } finally {
      file.release();
    }
  }

  #isThere(name: string, journal: ReplicateJournal): boolean {
    const { to, replica } = this.#options;
    const copied = journal.find(name);
    if (copied === undefined || !replica.names.has(name)) return false;
    const size = to.remote.sizeOf(name);
    return size === undefined || size === copied.size;
  }

  /** Two files for one volume would be too many, and nothing is deleted here. */
  #checkCoding(set: BackupSet, writers: Writers): void {
    const { replica } = this.#options;
    const there = replica.sets.get(setKey(set));
    const left = [
      ...(there === undefined ? [] : volumeNames(there)),
      ...(replica.signatures.get(setKey(set)) ?? []),
    ].find((name) => this.#newName(name, writers.volume) !== name);
    const other = left ?? there?.manifests.find((name) => this.#newName(name, writers.manifest) !== name);
    if (other === undefined) return;
    throw new ChainError(
      'ENCRYPTION_MISMATCH',
      `Of the set of ${asctime(set.end)} there is ${other}, which was encoded in another way than this run would.`,
      { hint: 'Use the options of the run that was interrupted, or remove what it left with "cleanup --force".' },
    );
  }

  #metadataOf(set: BackupSet): readonly string[] {
    return [...this.#signaturesOf(set), ...set.statistics.remote];
  }

  /** Of several files one is enough. */
  #signaturesOf(set: BackupSet): readonly string[] {
    return this.#options.source.signatures.get(setKey(set))?.slice(0, 1) ?? [];
  }

  #volumeName({ type, start, end }: BackupSet, volume: number, { volume: codec }: Writers): string {
    return formatName({ kind: 'volume', type, start, end, volume, ...suffixOf(codec) }, this.#options.to.prefixes);
  }

  /** What a file is called when it is encoded with `codec`: names of old forms become new ones. */
  #newName(name: string, codec: Codec): string {
    const { prefixes, timeSeparator } = this.#options.to;
    const file: FileName | undefined = parseName(name, { prefixes, timeSeparator });
    return file === undefined ? name : formatName({ ...file, ...suffixOf(codec) }, prefixes);
  }

  #say(name: string): void {
    this.#options.to.emit({ kind: 'replicating', name });
  }
}

function isSubset(some: ReadonlyMap<number, unknown>, all: ReadonlyMap<number, unknown>): boolean {
  return [...some.keys()].every((number) => all.has(number));
}

function metadataName(kind: MetadataName['kind'], { type, start, end }: BackupSet): MetadataName {
  return { kind, type, start, end, partial: false, encrypted: false, compressed: false };
}

function suffixOf({ suffix }: Codec): { readonly encrypted: boolean; readonly compressed: boolean } {
  return { encrypted: suffix === '.gpg', compressed: suffix === '.gz' };
}
