import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { flushDirectory, TEMP_FILE, writeAtomically } from './atomic-file.ts';
import { guard, guardAsync } from './guard.ts';
import { makeDirectories } from '../target/make-directories.ts';

/** The local cache of one archive: manifests, signatures, unfinished ones, the lock. All of it plain text. */
export interface ArchiveDir {
  readonly path: string;
  /** Names of the plain files in it; ours and others, temporary ones left out. */
  list(): readonly string[];
  /** Absolute if `path` is. */
  pathOf(name: string): string;
  read(name: string): Buffer;
  /**
   * Stores or replaces a file (mode 0600). It appears under its name complete, with its bytes on the disk, or not at
   * all; call `flush` if the name, too, has to survive a power failure. Gives the size in bytes.
   */
  write(name: string, blocks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<number>;
  /** Brings names, also those made by renaming, to the disk. */
  flush(): Promise<void>;
  /** A name that is not there is fine. */
  remove(name: string): void;
  /** A fresh directory (mode 0700) inside, on the same file system, for files that will be renamed into place. */
  makeTempDir(): TempDir;
  /** Removes what killed runs of this program left. Only while the lock is held. */
  sweep(): void;
}

export interface TempDir extends Disposable {
  readonly path: string;
  /** With all it holds. Never throws. */
  remove(): void;
}

// The reference names its directories duplicity-XXXXXXXX-tempdir with lower-case letters, digits and `_`; the capital
// tells ours apart, so that sweeping never hits a directory of a reference that is still running.
const TEMP_DIR = /^duplicity-T[0-9a-f]{7}-tempdir$/;

/** The name of an archive dir without `--name`: lower-case hex MD5 of the URL as typed (fixture: `file://h3`). */
export function defaultName(url: string): string {
  return createHash('md5').update(url, 'utf8').digest('hex');
}

/**
 * Opens `root`/`name`, made if missing. `name` may contain slashes. What is made gets mode 0700; a directory that exists
 * keeps its own. `~` and `$VAR` are the caller's to expand.
 */
export function openArchiveDir(root: string, name: string): ArchiveDir {
  const path = join(root, name);
  guard(path, 'created', () => makeDirectories(path, 0o700));
  return archiveDirAt(path);
}

/** For who only looks: nothing is made, and one that is not there is empty. */
export function lookAtArchiveDir(path: string): ArchiveDir {
  const there = archiveDirAt(path);
  return { ...there, list: () => (existsSync(path) ? there.list() : []) };
}

function archiveDirAt(path: string): ArchiveDir {
  const pathOf = (file: string): string => join(path, file);
  return {
    path,
    pathOf,
    list: () =>
      guard(path, 'read', () =>
        readdirSync(path, { withFileTypes: true })
          .filter((entry) => entry.isFile() && !TEMP_FILE.test(entry.name))
          .map((entry) => entry.name),
      ),
    read: (file) => guard(path, 'read', () => readFileSync(pathOf(file))),
    write: (file, blocks) => writeAtomically(path, file, blocks),
    flush: () => guardAsync(path, 'written', () => flushDirectory(path)),
    remove: (file) => guard(path, 'written', () => rmSync(pathOf(file), { force: true })),
    makeTempDir: () => makeTempDir(path),
    sweep: () => guard(path, 'written', () => sweep(path)),
  };
}

function makeTempDir(directory: string): TempDir {
  const path = join(directory, `duplicity-T${randomBytes(4).toString('hex').slice(1)}-tempdir`);
  guard(directory, 'written', () => mkdirSync(path, { mode: 0o700 }));
  const dispose = (): void => {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // The next run sweeps it.
    }
  };
  return { path, remove: dispose, [Symbol.dispose]: dispose };
}

function sweep(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const isOurs = entry.isDirectory() ? TEMP_DIR.test(entry.name) : TEMP_FILE.test(entry.name);
    if (isOurs) rmSync(join(directory, entry.name), { recursive: true, force: true });
  }
}
