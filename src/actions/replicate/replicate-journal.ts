import { appendFileSync, fdatasyncSync, openSync, closeSync } from 'node:fs';
import { formatStamp } from '../../util/time.ts';
import type { ArchiveDir } from '../../cache/archive-dir.ts';
import { guard } from '../../cache/guard.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { errorCode } from '../../util/errno.ts';

/** A file that has arrived in the copy of a set. */
export interface CopiedFile {
  readonly name: string;
  readonly size: number;
  /** SHA-1 in lower-case hex. */
  readonly hash: string;
}

/**
 * What of a set has been copied, so that a run that was interrupted is gone on with: a file of the archive dir with a name
 * that neither release of the reference takes for one of its own. Its first line tells how the copies are encoded, each
 * other line tells of a file.
 */
export class ReplicateJournal {
  readonly #archiveDir: ArchiveDir;
  readonly #name: string;
  readonly #coding: string;
  #files = new Map<string, CopiedFile>();
  #isBegun = false;

  /** Files encoded in another way than `coding` do not count. */
  constructor(archiveDir: ArchiveDir, set: Pick<BackupSet, 'type' | 'start' | 'end'>, coding: string) {
    this.#archiveDir = archiveDir;
    this.#name = journalName(set);
    this.#coding = coding;
    const [first, ...lines] = this.#lines();
    if (first !== coding) return;
    this.#isBegun = true;
    for (const line of lines) {
      const file = parse(line);
      if (file !== undefined) this.#files.set(file.name, file);
    }
  }

  get files(): readonly CopiedFile[] {
    return [...this.#files.values()];
  }

  find(name: string): CopiedFile | undefined {
    return this.#files.get(name);
  }

  /** On disk when it answers. */
  add(file: CopiedFile): void {
    const { path } = this.#archiveDir;
    guard(path, 'written', () => {
      const fd = openSync(this.#archiveDir.pathOf(this.#name), this.#isBegun ? 'a' : 'w', 0o600);
      try {
        // A line that a run cut off is ended first.
        appendFileSync(fd, `${this.#isBegun ? '\n' : this.#coding + '\n'}${JSON.stringify(file)}\n`);
        fdatasyncSync(fd);
      } finally {
        closeSync(fd);
      }
    });
    this.#isBegun = true;
    this.#files.set(file.name, file);
  }

  /** Forgets everything. */
  remove(): void {
    this.#archiveDir.remove(this.#name);
    this.#files = new Map();
    this.#isBegun = false;
  }

  #lines(): readonly string[] {
    try {
      return this.#archiveDir.read(this.#name).toString('utf8').split('\n');
    } catch (error) {
      if (error instanceof Error && errorCode(error.cause) === 'ENOENT') return [];
      throw error;
    }
  }
}

function journalName({ type, start, end }: Pick<BackupSet, 'type' | 'start' | 'end'>): string {
  const times = type === 'full' ? formatStamp(end) : `${formatStamp(start)}.to.${formatStamp(end)}`;
  return `replicate.${times}.journal`;
}

/** undefined for a line that was cut off. */
function parse(line: string): CopiedFile | undefined {
  try {
    const { name, size, hash } = JSON.parse(line) as Record<string, unknown>;
    if (typeof name !== 'string' || typeof size !== 'number' || typeof hash !== 'string') return undefined;
    return { name, size, hash };
  } catch {
    return undefined;
  }
}
