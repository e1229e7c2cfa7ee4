import { execFileSync } from 'node:child_process';
import { lstatSync, statSync } from 'node:fs';
import type { Manifest } from '../../../archive/manifest/manifest.ts';
import type { BackupChain } from '../../../collections/chains.ts';
import type { BackupSet } from '../../../collections/sets.ts';
import { ChainError, CryptoError, DuplicityError, IntegrityError } from '../../../errors/errors.ts';
import { damageOf } from '../../../pipeline/unpack/set-plan.ts';
import { bytePath, fromText, toFs, toScreen, type BytePath } from '../../../util/bytepath.ts';
import { quoteName } from '../../../util/text/quote-name.ts';
import { readRemoteManifest, readSetManifest } from '../../../repository/metadata/read-manifest.ts';
import type { BackupOptions } from '../options.ts';
import type { Repository } from '../../../repository/repository.ts';

const NOTE = 'source';

/** A source that is a link is stored as one, as the reference does; few who name it mean that. */
export function warnOfLink(
  { emit }: Repository,
  { source: { path, throughLink }, copyLinks }: Pick<BackupOptions, 'source' | 'copyLinks'>,
): void {
  if (copyLinks || throughLink === true) return;
  if (lstatSync(toFs(path), { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  const name = toScreen(path);
  const isDirectory = statSync(toFs(path), { throwIfNoEntry: false })?.isDirectory() === true;
  const mend = isDirectory ? `Write ${name}/ to mean that, or use --copy-links` : 'Use --copy-links to store that';
  const text = `The source ${name} is a symbolic link: the link is stored and nothing of what it leads to. ${mend}.`;
  emit({ kind: 'warning', text });
}

type SourcePlace = Pick<BackupOptions, 'source' | 'absoluteSource'>;
type Wish = SourcePlace & Pick<BackupOptions, 'kind' | 'checksRemote' | 'mayChangeSource'>;

/**
 * Checks before an increment that it continues what the last set is about: remote and local manifest agree, and host
 * and source are the same unless the user says that a difference is meant. False: the remote manifest is damaged, and an
 * increment could not be restored.
 */
export async function checkSource(repository: Repository, chain: BackupChain, wish: Wish): Promise<boolean> {
  const set = chain.sets.at(-1);
  if (set === undefined) return true;
  const manifest = await readSetManifest(repository, set);
  if (wish.checksRemote && set.manifest !== undefined && set.localManifest !== undefined) {
    const remote = await tryRemoteManifest(repository, set, set.manifest).catch((error: unknown) => {
      if (wish.kind === 'incremental' || !(error instanceof IntegrityError)) throw error;
      const text = `${error.message}\nAn increment could not be restored: making a full backup. (--no-check-remote goes on all the same.)`;
      repository.emit({ kind: 'warning', text });
      return 'damaged' as const;
    });
    if (remote === 'damaged') return false;
    if (remote !== undefined && !agree(manifest, remote)) {
      throw new ChainError(
        'MISMATCHED_MANIFESTS',
        `Fatal Error: The remote manifest ${set.manifest} and its copy in the archive dir do not agree.`,
        { hint: `Delete ${set.localManifest} from ${repository.archiveDir.path} if the remote one is right.` },
      );
    }
  }
  if (!wish.mayChangeSource) checkOrigin(repository, manifest, wish);
  return true;
}

/** Host and source are those of the manifest, as far as that names any. */
export function checkOrigin(repository: Repository, manifest: Manifest, place: SourcePlace): void {
  const hint = 'If the backup is to go on with this source, use --allow-source-mismatch; otherwise use another URL.';
  if (manifest.hostname !== undefined && !isThisHost(manifest.hostname, repository.hostname)) {
    throw new DuplicityError(
      'HOSTNAME_MISMATCH',
      `Fatal Error: Backup source host has changed.\nCurrent hostname: ${repository.hostname}\nPrevious hostname: ${toScreen(manifest.hostname)}`,
      { hint, fields: [repository.hostname, manifest.hostname].map((name) => quoteName(fromText(name))) },
    );
  }
  const [current, previous] = manifest.localDir === undefined ? [] : namesOf(repository, place, manifest.localDir);
  if (current === undefined || previous === undefined || current === previous) return;
  throw new DuplicityError(
    'SOURCE_PATH_MISMATCH',
    `Fatal Error: Backup source directory has changed.\nCurrent directory: ${toScreen(current)}\nPrevious directory: ${toScreen(previous)}`,
    { hint, fields: [quoteName(current), quoteName(previous)] },
  );
}

/** The two sources as given, unless only the directories they start from tell whether they are the same. */
function namesOf(
  repository: Repository,
  { source: { path: source }, absoluteSource: current }: SourcePlace,
  before: BytePath,
): readonly [BytePath, BytePath] {
  const previous = before.startsWith('/') ? before : noted(repository);
  if (current === undefined || previous === undefined) return [source, before];
  return current === previous || source === before ? [current, previous] : [source, before];
}

/** Archives hold a relative source as it is given. Where that was is noted here, for the next run. */
export async function noteSource({ archiveDir }: Repository, { source, absoluteSource }: SourcePlace): Promise<void> {
  const path = source.path.startsWith('/') ? undefined : absoluteSource;
  if (path === undefined) archiveDir.remove(NOTE);
  else await archiveDir.write(NOTE, [Buffer.from(path, 'latin1')]);
}

function noted({ archiveDir }: Repository): BytePath | undefined {
  const path = archiveDir.list().includes(NOTE) ? archiveDir.read(NOTE).toString('latin1') : '';
  // A damaged note is none.
  return /^\/[^\0]*$/.test(path) ? bytePath(path) : undefined;
}

/**
 * The remote manifest, where that can be read without asking for anything. A passphrase that does not open it would
 * make a set that the rest of the chain cannot be restored with, hence ends the run; but whoever encrypts to a key need
 * not have the secret half of it here.
 */
async function tryRemoteManifest(repository: Repository, set: BackupSet, name: string): Promise<Manifest | undefined> {
  if (!repository.keys.canRead(name)) return undefined;
  try {
    const manifest = await readRemoteManifest(repository, name);
    const damage = damageOf(set, manifest);
    if (damage !== undefined) throw damage;
    return manifest;
  } catch (error) {
    if (!(error instanceof CryptoError) || repository.keys.isSymmetric) throw error;
    repository.emit({ kind: 'info', text: `${name} cannot be read without the secret key; its local copy counts.` });
    return undefined;
  }
}

/** What the reference compares: volume numbers, host and source; not hashes. */
function agree(a: Manifest, b: Manifest): boolean {
  const numbers = ({ volumes }: Manifest): string => volumes.map(({ number }) => number).join();
  return numbers(a) === numbers(b) && a.hostname === b.hostname && a.localDir === b.localDir;
}

/** Old manifests hold the full name of the host. */
function isThisHost(previous: string, current: string): boolean {
  if (previous === current) return true;
  if (!previous.startsWith(`${current.split('.')[0] ?? ''}.`)) return false;
  try {
    return (
      execFileSync('hostname', ['-f'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { PATH: process.env['PATH'] },
      }).trim() === previous
    );
  } catch {
    return false;
  }
}
