import { closeSync, openSync, renameSync } from 'node:fs';
import { guard } from '../../cache/guard.ts';
import { formatJournalHead, formatJournalLine, type JournalHead, type JournalLine } from '../../cache/journal.ts';
import { writeAll } from '../local-file.ts';

interface JournalFileOptions {
  readonly path: string;
  /** What failures name. */
  readonly archiveDir: string;
  readonly head: JournalHead;
}

/**
 * The journal of a set while it is being written. It is not synced: what is lost of it costs work, never data, since a
 * line counts only with the volume it describes.
 */
export class JournalFile {
  readonly #archiveDir: string;
  readonly #fd: number;
  #path: string;
  #isOpen = true;

  constructor({ path, archiveDir, head }: JournalFileOptions) {
    this.#path = path;
    this.#archiveDir = archiveDir;
    this.#fd = guard(archiveDir, 'written', () => openSync(path, 'wx', 0o600));
    this.#write(formatJournalHead(head));
  }

  add(line: JournalLine): void {
    this.#write(formatJournalLine(line));
  }

  /** It has the given name from now on. */
  moveTo(path: string): void {
    if (path !== this.#path) guard(this.#archiveDir, 'written', () => renameSync(this.#path, path));
    this.#path = path;
  }

  /** A second call does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
  }

  #write(latin1: string): void {
    guard(this.#archiveDir, 'written', () => writeAll(this.#fd, Buffer.from(latin1, 'latin1')));
  }
}
