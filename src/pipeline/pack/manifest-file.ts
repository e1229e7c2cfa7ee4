import { closeSync, fdatasyncSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import type { FileChange, VolumeRecord } from '../../archive/manifest/manifest.ts';
import {
  formatFilelistHead,
  formatFilelistLine,
  formatManifestHead,
  formatVolumeRecord,
} from '../../archive/manifest/manifest-writer.ts';
import { guard, guardAsync } from '../../cache/guard.ts';
import type { BytePath } from '../../util/bytepath.ts';
import { syncData, writeAll } from '../local-file.ts';

const BUFFER = 64 * 1024;

interface ManifestFileOptions {
  /** What failures name. */
  readonly archiveDir: string;
  readonly path: string;
  /** Where the list of changed files waits until its length is known; undefined when none is wanted. */
  readonly listPath: string | undefined;
  readonly hostname: string | undefined;
  readonly localDir: BytePath | undefined;
}

/** The manifest of a set while it is being written: volume records as they come, the list of changed files at the end. */
export class ManifestFile {
  readonly #archiveDir: string;
  readonly #fd: number;
  readonly #listFd: number | undefined;
  readonly #listPath: string | undefined;
  #path: string;
  #lines = '';
  #count = 0;
  #isOpen = true;

  constructor({ archiveDir, path, listPath, hostname, localDir }: ManifestFileOptions) {
    this.#archiveDir = archiveDir;
    this.#path = path;
    this.#listPath = listPath;
    this.#fd = this.#guard(() => openSync(path, 'wx', 0o600));
    this.#listFd = listPath === undefined ? undefined : this.#guard(() => openSync(listPath, 'wx+', 0o600));
    this.#write(this.#fd, formatManifestHead(hostname, localDir));
  }

  get path(): string {
    return this.#path;
  }

  /** How many were added, also where none are listed. */
  get files(): number {
    return this.#count;
  }

  addVolume(record: VolumeRecord): void {
    this.#write(this.#fd, formatVolumeRecord(record));
  }

  addFile(change: FileChange, path: BytePath): void {
    this.#count++;
    if (this.#listFd === undefined) return;
    this.#lines += formatFilelistLine(change, path);
    if (this.#lines.length >= BUFFER) this.#flushLines(this.#listFd);
  }

  /** What was added so far has the given name from now on, and is on disk when the promise is kept. */
  async checkpoint(path: string): Promise<void> {
    // In this order: a power failure must not leave the name with half of what it stands for.
    await guardAsync(this.#archiveDir, 'written', () => syncData(this.#fd));
    if (path !== this.#path) this.#guard(() => renameSync(this.#path, path));
    this.#path = path;
  }

  /** Appends the list of changed files and ends the manifest; the file stays. */
  finish(): void {
    this.#write(this.#fd, formatFilelistHead(this.#listFd === undefined ? 0 : this.#count));
    if (this.#listFd !== undefined) {
      this.#flushLines(this.#listFd);
      const buffer = Buffer.allocUnsafe(BUFFER);
      const list = this.#listFd;
      const read = (at: number): number => this.#guard(() => readSync(list, buffer, 0, BUFFER, at));
      for (let at = 0, length = 0; (length = read(at)) > 0; at += length) {
        const block = buffer.subarray(0, length);
        this.#guard(() => writeAll(this.#fd, block));
      }
    }
    this.#guard(() => fdatasyncSync(this.#fd));
    this.close();
  }

  /** A second call does nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#fd);
    if (this.#listFd === undefined || this.#listPath === undefined) return;
    closeSync(this.#listFd);
    const path = this.#listPath;
    this.#guard(() => rmSync(path, { force: true }));
  }

  #flushLines(fd: number): void {
    this.#write(fd, this.#lines);
    this.#lines = '';
  }

  #write(fd: number, latin1: string): void {
    this.#guard(() => writeAll(fd, Buffer.from(latin1, 'latin1')));
  }

  #guard<T>(act: () => T): T {
    return guard(this.#archiveDir, 'written', act);
  }
}
