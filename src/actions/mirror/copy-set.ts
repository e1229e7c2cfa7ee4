import { closeSync, openSync, statSync } from 'node:fs';
import type { Manifest, VolumeRecord } from '../../archive/manifest/manifest.ts';
import { formatLocalName } from '../../archive/names/names.ts';
import type { SetId } from '../../collections/sets.ts';
import { IntegrityError } from '../../errors/errors.ts';
import { COPIES_AHEAD, roomFor, UploadQueue } from '../../pipeline/pack/upload-queue.ts';
import type { FetchedFile } from '../../pipeline/remote.ts';
import { lookAtStored } from '../../pipeline/stored-bytes.ts';
import { fetchVolume, missingVolume } from '../../pipeline/unpack/fetch-volume.ts';
import { damageOf } from '../../pipeline/unpack/set-plan.ts';
import type { Repository } from '../../repository/repository.ts';
import { asctime } from '../../util/time.ts';
import type { SetCopy } from './plan-copy.ts';
import type { MirrorProgress } from './progress.ts';
import { readableManifest } from './set-manifest.ts';

/** Recovery files may be made with more or less redundancy. */
const PARITY = /\.par2$/;

interface TransferOptions {
  readonly from: Repository;
  /** Of the archive dir of `from`, where there is one. */
  readonly archivePath: string | undefined;
  readonly to: Repository;
  readonly concurrency: number | undefined;
  /** What is shorter here than there, and perhaps cut off, is sent as well. */
  readonly force: boolean;
  readonly progress: Pick<MirrorProgress, 'begin' | 'end'>;
}

/** What has been sent of a set, or would be. */
export interface MirroredSet extends SetId {
  readonly files: number;
  readonly bytes: number;
  /** Volumes whose hash was compared with the manifest on their way. */
  readonly verified: number;
}

interface Fetched {
  readonly file: FetchedFile;
  readonly size: number;
  readonly isVerified: boolean;
}

/** Copies the files of sets as they are. Each set becomes visible, or whole again, with its manifest. */
export class SetMirror {
  readonly #options: TransferOptions;
  #largest = 0;

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  async copy(plan: SetCopy): Promise<MirroredSet> {
    const { type, start, end } = plan.stored.set;
    const longer = this.#longerThere(plan);
    const manifest = await this.#readableManifest(plan, longer.length > 0);
    const records = recordsOf(plan, manifest, this.#options.from);
    const isAnother = await this.#isAnother(plan);
    this.#refuseShorter(plan, isAnother && manifest !== undefined ? [] : longer.filter((name) => !records.has(name)));
    if (isAnother) await this.#withdraw(plan);
    const { files, manifests } = isAnother ? plan.all : plan;
    const sent = { type, start, end, files: 0, bytes: 0, verified: 0 };
    const { backend, spool } = this.#options.to;
    const { concurrency = COPIES_AHEAD } = this.#options;
    const hasRoom = roomFor(spool, () => this.#largest);
    const uploads = new UploadQueue({ ahead: concurrency, parallel: backend.traits.parallel, hasRoom });
    const listed = new Set([...(plan.there?.files ?? []), ...(plan.there?.manifests ?? [])].map(({ name }) => name));
    const send = async (name: string): Promise<void> => {
      if (!isAnother && listed.has(name) && (await this.#isThereAfterAll(name))) return;
      const fetched = await this.#fetch(plan, name, records.get(name));
      this.#largest = Math.max(this.#largest, fetched.size);
      await uploads.add(async () => {
        await this.#upload(name, fetched);
        sent.files++;
        sent.bytes += fetched.size;
        if (fetched.isVerified) sent.verified++;
      });
    };
    try {
      for (const name of files) await send(name);
      await uploads.drain();
      if (manifests.length > 0) this.#forgetCopies(plan);
      for (const name of manifests) {
        await send(name);
        await uploads.drain();
      }
    } finally {
      await uploads.settle();
    }
    return sent;
  }

  async #readableManifest({ stored: { set }, files }: SetCopy, isWanted: boolean): Promise<Manifest | undefined> {
    const { from, archivePath } = this.#options;
    const sent = new Set(files);
    if (!isWanted && ![...set.volumes.values()].flat().some((name) => sent.has(name))) return undefined;
    return readableManifest(from, set, archivePath);
  }

  /** Files to be sent that are larger there. */
  #longerThere({ files, manifests }: SetCopy): readonly string[] {
    const { from, to } = this.#options;
    const isLonger = (name: string): boolean =>
      (to.remote.listedSizeOf(name) ?? 0) > (from.remote.listedSizeOf(name) ?? Infinity);
    return [...files, ...manifests].filter(isLonger);
  }

  /** A mirror must not spread damage: what was cut off here would take the place of what is whole there. */
  #refuseShorter({ stored: { set } }: SetCopy, names: readonly string[]): void {
    const { from, to, force } = this.#options;
    const [name] = names.filter((name) => !PARITY.test(name));
    if (name === undefined || force) return;
    const [here, there] = [from, to].map(({ remote }) => remote.listedSizeOf(name) ?? 0);
    const text = `${name} has ${here} bytes here and ${there} at the other place: perhaps it was cut off here. The backup set of ${asctime(set.end)} is left as it is there.`;
    throw new IntegrityError('DAMAGED', text, {
      hint: 'If the other place has it whole, mirror it back from there. With --force what is here is sent.',
    });
  }

  /**
   * Whether a set of the same time, and not this one, lies there. Files that are sent again beside the same manifest mend
   * what is there; beside another they would make a set of which nothing fits.
   */
  async #isAnother({ stored: { set }, there, files, manifests }: SetCopy): Promise<boolean> {
    const { from, to } = this.#options;
    const name = set.manifest ?? '';
    if (there === undefined || !there.manifests.some((file) => file.name === name)) return false;
    const sent = new Set(files);
    if (!there.files.some((file) => sent.has(file.name))) return false;
    if (manifests.includes(name)) return true;
    const [here, other] = [await sha1(from, name), await sha1(to, name)];
    return here !== other;
  }

  /** What there is of another set no longer counts as one. */
  async #withdraw({ there }: SetCopy): Promise<void> {
    const { backend, call } = this.#options.to;
    for (const { name } of there?.manifests ?? []) await backend.delete(name, call);
  }

  /** Copies in the archive dir of the other place would be taken for what is there now. */
  #forgetCopies({ stored: { set } }: SetCopy): void {
    const { archiveDir, prefixes } = this.#options.to;
    const { type, start, end } = set;
    for (const kind of ['manifest', 'signatures'] as const) {
      const name = { kind, type, start, end, partial: false, encrypted: false, compressed: false };
      archiveDir.remove(formatLocalName(name, prefixes));
    }
  }

  /** Listings of some places are late, or show files of parts with 0 bytes. */
  async #isThereAfterAll(name: string): Promise<boolean> {
    const { from, to } = this.#options;
    const found = await to.backend.stat?.(name, to.call);
    return found?.size !== undefined && found.size === from.remote.sizeOf(name);
  }

  async #fetch({ stored: { set } }: SetCopy, name: string, record: VolumeRecord | undefined): Promise<Fetched> {
    const { from } = this.#options;
    const { remote, prefixes, tries, call } = from;
    const { file, isChecked } =
      record === undefined
        ? { file: await remote.fetch(name, call.signal), isChecked: false }
        : await fetchVolume(set, record, { remote, prefixes, tries, signal: call.signal }).catch(asDamageHere);
    try {
      const { path } = file;
      const size = lookAtStored({ name, path, isLocal: remote.isLocal }, () => {
        closeSync(openSync(path, 'r'));
        return statSync(path).size;
      });
      const listed = remote.sizeOf(name);
      if (listed === undefined || listed === size) return { file, size, isVerified: isChecked };
      throw new IntegrityError('DAMAGED', `${name} has ${size} bytes, the listing says ${listed}.`, {
        hint: 'Run it again when nothing writes there.',
      });
    } catch (error) {
      file.release();
      throw error;
    }
  }

  async #upload(name: string, { file, size }: Fetched): Promise<void> {
    const { to, progress, concurrency } = this.#options;
    const background = (concurrency ?? 0) > 0;
    try {
      progress.begin(name, size);
      to.emit({ kind: 'uploading', name, background });
      await to.remote.put(name, file.path);
      progress.end(name);
      to.emit({ kind: 'uploaded', name, background });
    } finally {
      file.release();
    }
  }
}

/** What the manifest says of volumes, by name. */
function recordsOf(
  { stored: { set } }: SetCopy,
  manifest: Manifest | undefined,
  { prefixes }: Repository,
): ReadonlyMap<string, VolumeRecord> {
  const records = new Map<string, VolumeRecord>();
  if (manifest === undefined) return records;
  const damage = damageOf(set, manifest);
  if (damage !== undefined) throw damage;
  for (const record of manifest.volumes) {
    const [name, ...others] = set.volumes.get(record.number) ?? [];
    if (name === undefined) throw missingVolume(set, record, prefixes);
    // Of several files for one volume only one is right, and all are kept as they are.
    if (others.length === 0) records.set(name, record);
  }
  return records;
}

async function sha1({ remote, call }: Repository, name: string): Promise<string> {
  const file = await remote.fetch(name, call.signal, 'SHA1');
  try {
    return file.hash('SHA1');
  } finally {
    file.release();
  }
}

function asDamageHere(error: unknown): never {
  if (!(error instanceof IntegrityError)) throw error;
  throw new IntegrityError(error.code, error.message, {
    cause: error,
    hint: 'The volume is damaged at the place that is copied. If the other one has it whole, mirror it back from there.',
  });
}
