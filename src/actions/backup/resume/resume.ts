import type { Manifest } from '../../../archive/manifest/manifest.ts';
import { formatName } from '../../../archive/names/names.ts';
import { type Collection, isAhead } from '../../../collections/collection.ts';
import type { BackupSet } from '../../../collections/sets.ts';
import type { Codec } from '../../../crypto/codec.ts';
import { ChainError } from '../../../errors/errors.ts';
import { fetchVolume } from '../../../pipeline/unpack/fetch-volume.ts';
import { toScreen } from '../../../util/bytepath.ts';
import { asctime } from '../../../util/time.ts';
import { checkOrigin } from '../base/check-source.ts';
import type { BackupOptions } from '../options.ts';
import { discardPartial, unfinishedFiles, withoutFiles } from '../../../repository/discard-partial.ts';
import { planResume, readReliable, type Resumption } from './plan-resume.ts';
import type { Repository } from '../../../repository/repository.ts';
import { announceLastFull } from '../../../repository/synchronise.ts';

interface ResumeOptions extends Pick<BackupOptions, 'source' | 'absoluteSource' | 'mayChangeSource' | 'copyLinks'> {
  /** Else it is given up. */
  readonly mayResume: boolean;
  /** Else only behind a whole file. */
  readonly mayGoOnInFile: boolean;
}

interface Continuation {
  /** Without the unfinished set when that was given up. */
  readonly collection: Collection;
  readonly resumption: Resumption | undefined;
}

/**
 * What becomes of the set that an interrupted backup left: it goes on where that is safe, else it is given up and the
 * backup starts over. Nothing is lost by that, because an unfinished set is never restored from.
 */
export async function resumeOrDiscard(
  repository: Repository,
  collection: Collection,
  options: ResumeOptions,
): Promise<Continuation> {
  const { emit } = repository;
  const { partial } = collection;
  if (partial === undefined) {
    const rest = await discardPartial(repository, collection);
    announceLastFull(repository, rest);
    return { collection: rest, resumption: undefined };
  }
  const kind = partial.type === 'full' ? 'full' : 'inc';
  emit({ kind: 'notice', text: `Last ${kind} backup left a partial set, restarting.` });
  // Said before it is known what becomes of the set, as the reference does.
  announceLastFull(repository, collection);
  const resumption = options.mayResume
    ? await tryResume(repository, collection, { ...options, set: partial })
    : undefined;
  if (resumption === undefined) {
    const why =
      partial.volumes.size > 1
        ? 'What was uploaded cannot be continued safely.'
        : 'The first volume failed to upload before termination.';
    const text = `RESTART: ${why}\n         Restart is impossible...starting backup from beginning.`;
    emit({ kind: 'notice', text });
    const rest = await discardPartial(repository, collection);
    announceLastFull(repository, rest);
    return { collection: rest, resumption };
  }
  announce(repository, resumption);
  return { collection, resumption };
}

async function tryResume(
  repository: Repository,
  collection: Collection,
  given: ResumeOptions & { readonly set: BackupSet },
): Promise<Resumption | undefined> {
  const { set, source, copyLinks, mayGoOnInFile } = given;
  if (isAhead(collection, set)) {
    const text = `The unfinished set is from ${asctime(set.end)}, but the clock says ${asctime(repository.now)}.`;
    repository.emit({ kind: 'warning', text: `${text} It is given up.` });
    return undefined;
  }
  const manifest = await readReliable(repository, set);
  if (manifest === undefined || !isOfSource(repository, manifest, given)) return undefined;
  const base = withoutFiles(repository, collection, unfinishedFiles(collection, set)).active;
  if (set.type === 'inc' && base?.signatures.end !== set.start) return undefined;
  return planResume(repository, {
    collection,
    set,
    manifest,
    base: set.type === 'inc' ? base : undefined,
    root: source.path,
    copyLinks,
    mayGoOnInFile,
  });
}

/**
 * Whether the set may go on with this source. Where a mismatch is allowed, another host is fine; but a set is never put
 * together from two trees.
 */
function isOfSource(repository: Repository, manifest: Manifest, options: ResumeOptions): boolean {
  const { source, mayChangeSource } = options;
  if (mayChangeSource) return manifest.localDir === undefined || manifest.localDir === source.path;
  checkOrigin(repository, manifest, options);
  return true;
}

function announce({ emit }: Repository, { kept, begun, point }: Resumption): void {
  const next = kept.length + 1;
  if (begun >= next) {
    const text =
      `RESTART: Volumes ${next} to ${begun} failed to upload before termination.\n` +
      `         Restarting backup at volume ${next}.`;
    emit({ kind: 'notice', text });
  }
  // The block of a whole file is 0, as the reference says it.
  const block = point.split?.pieces ?? 0;
  const file = point.path === '' ? '.' : toScreen(point.path);
  emit({ kind: 'notice', text: `Restarting after volume ${kept.length}, file ${file}, block ${block}` });
}

/**
 * Before anything is changed: the settings are those of the volumes that stay, and so is the passphrase, as far as that
 * can be found out here. Whoever encrypts to a key and does not sign need not have the secret half.
 */
export async function confirmSettings(repository: Repository, { set, kept }: Resumption, codec: Codec): Promise<void> {
  const { keys, remote, prefixes, tries, call } = repository;
  const { type, start, end } = set;
  const encrypted = codec.suffix === '.gpg';
  const compressed = codec.suffix === '.gz';
  const expected = formatName({ kind: 'volume', type, start, end, volume: 1, encrypted, compressed }, prefixes);
  if (set.volumes.get(1)?.includes(expected) !== true) {
    throw new ChainError(
      'ENCRYPTION_MISMATCH',
      'Restarting backup, but current encryption settings do not match original settings',
      { hint: 'Use the settings of the interrupted backup, or give it up with "cleanup --force".' },
    );
  }
  if (!encrypted || (!keys.isSymmetric && !keys.signs)) return;
  const [{ record }] = kept;
  const { name, file } = await fetchVolume(set, record, {
    remote,
    prefixes,
    tries: Math.max(1, tries),
    signal: call.signal,
  });
  try {
    const codecOf = await keys.reader([name]);
    for await (const block of codecOf(name).open(file.path, { name, signal: call.signal, reuses: true })) void block;
  } finally {
    file.release();
  }
}
