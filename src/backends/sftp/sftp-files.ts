import type { Attributes, FileEntry, SFTPWrapper } from 'ssh2';

import type { Body, Bytes, RemoteFile } from '../backend.ts';
import { SFTP_STATUS } from '../ssh/failure.ts';
import type { Connection } from '../ssh/connection.ts';
import { until } from '../ssh/until.ts';
import { copiesData, isType, LINK, REGULAR, sftpRequests, statusOf, takes } from './requests.ts';
import type { Range, RemoteFiles } from './remote-files.ts';
import { shellCopy } from './shell-copy.ts';

/**
 * Bytes of one file that may be under way: eight requests of the largest size, as with ssh2's own fastPut at its best, and
 * 20 MB in a second over a line of 100 ms.
 */
const FLYING = 2 * 1024 * 1024;
/** Below what OpenSSH takes in one request, 261120 bytes; servers of other makes get what ssh2 makes of it. */
const LARGE_BLOCK = 240 * 1024;
/** All that the protocol promises is 34000 bytes in a packet. */
const SMALL_BLOCK = 31 * 1024;
/** OpenSSH copies a stretch of a file before it looks at any other request, also one that asks whether it is alive. */
const COPY_BLOCK = 32 * 1024 * 1024;
/** A file system with less than this is full: an upload has stopped there. */
const LEAST_FREE = 64 * 1024;

/** Of statvfs(2). */
interface Space {
  readonly f_bavail: number;
  readonly f_frsize: number;
}

/** Files by the SFTP protocol, version 3, many requests at a time. */
export function sftpFiles(connection: Connection, sftp: SFTPWrapper): RemoteFiles {
  const { ask, order } = sftpRequests(connection);
  const blockSize = takes(sftp, LARGE_BLOCK) ? LARGE_BLOCK : SMALL_BLOCK;

  async function create(path: string): Promise<Buffer> {
    const attempt = () => ask<Buffer>((done) => sftp.open(path, 'wx', { mode: 0o666 }, done));
    try {
      return await attempt();
    } catch (error) {
      // What a killed run left is replaced, never written into: it might be a link to somewhere else. Some servers have
      // a status of a later version of the protocol for it.
      const status = statusOf(error) ?? SFTP_STATUS.noSuchFile;
      if (status === SFTP_STATUS.noSuchFile || status === SFTP_STATUS.permissionDenied) throw error;
      try {
        await order((done) => sftp.unlink(path, done));
      } catch (refused) {
        if (statusOf(refused) === SFTP_STATUS.noSuchFile || !(await isRegular(path))) throw error;
        // Who may not delete may still write anew what is no link.
        return ask<Buffer>((done) => sftp.open(path, 'w', done));
      }
      return attempt();
    }
  }

  async function isRegular(path: string): Promise<boolean> {
    const found = await ask<Attributes>((done) => sftp.lstat(path, done)).catch(() => undefined);
    return found !== undefined && isType(found, REGULAR);
  }

  const write: RemoteFiles['write'] = (path, body, signal) =>
    make(path, { size: body.size, fill: (handle) => send(handle, body, signal) }, signal);

  /** Makes `path` anew; `fill` writes so many bytes into it. */
  async function make(
    path: string,
    { size, fill }: { readonly size: number; readonly fill: (handle: Buffer) => Promise<void> },
    signal: AbortSignal,
  ): Promise<void> {
    const handle = await create(path);
    const close = (): Promise<void> => order((done) => sftp.close(handle, done));
    try {
      await fill(handle);
      await until(close(), signal);
    } catch (error) {
      // OpenSSH says "Failure" when a disk is full, and nothing else. Once the file is gone there is room again.
      const isFull = statusOf(error) === SFTP_STATUS.failure && (await hasNoRoom(path, size));
      await close().catch(() => {});
      await remove(path).catch(() => {});
      throw isFull ? new Error('No space left on the server', { cause: error }) : error;
    }
  }

  /** By an extension of the protocol that OpenSSH has since 9.0, else by a shell. */
  async function copy(from: string, to: string, signal: AbortSignal): Promise<void> {
    if (!copiesData(sftp)) {
      await shellCopy(connection, from, to, signal).catch(async (error: unknown) => {
        await remove(to).catch(() => {});
        throw error;
      });
      return;
    }
    await withOpened(from, signal, (source, size) =>
      make(
        to,
        {
          size,
          async fill(target) {
            for (let at = 0; at < size; at += COPY_BLOCK) {
              const [start, length] = [at, Math.min(COPY_BLOCK, size - at)];
              const copied = order((done) => sftp.ext_copy_data(source, start, length, target, start, done));
              await until(copied, signal);
            }
          },
        },
        signal,
      ),
    );
  }

  async function send(handle: Buffer, body: Body, signal: AbortSignal): Promise<void> {
    const sent: { readonly done: Promise<void>; readonly length: number }[] = [];
    let position = 0;
    let flying = 0;
    async function settle(room: number): Promise<void> {
      while (flying > room) {
        const first = sent.shift();
        if (first === undefined) return;
        await until(first.done, signal);
        flying -= first.length;
      }
    }
    for await (const block of body.open()) {
      signal.throwIfAborted();
      for (let at = 0; at < block.length; at += blockSize) {
        const length = Math.min(blockSize, block.length - at);
        const from = position;
        const done = order((done) => sftp.write(handle, block, at, length, from, done));
        done.catch(() => {});
        sent.push({ done, length });
        position += length;
        flying += length;
        await settle(FLYING);
      }
    }
    signal.throwIfAborted();
    await settle(0);
  }

  async function read<T>(
    path: string,
    range: Range,
    take: (bytes: Bytes) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return withOpened(path, signal, (handle, size) =>
      take(blocks(handle, { start: range.start, end: Math.min(range.end ?? size, size) }, signal)),
    );
  }

  async function withOpened<T>(
    path: string,
    signal: AbortSignal,
    use: (handle: Buffer, size: number) => Promise<T>,
  ): Promise<T> {
    const handle = await until(
      ask<Buffer>((done) => sftp.open(path, 'r', done)),
      signal,
    );
    try {
      const { size } = await until(
        ask<Attributes>((done) => sftp.fstat(handle, done)),
        signal,
      );
      return await use(handle, size);
    } finally {
      await order((done) => sftp.close(handle, done)).catch(() => {});
    }
  }

  async function* blocks(handle: Buffer, { start, end }: Required<Range>, signal: AbortSignal): Bytes {
    const coming: Promise<Buffer>[] = [];
    let next = start;
    for (;;) {
      while (next < end && coming.length * blockSize < FLYING) {
        const block = readBlock(handle, next, Math.min(blockSize, end - next));
        block.catch(() => {});
        coming.push(block);
        next += blockSize;
      }
      const first = coming.shift();
      if (first === undefined) return;
      yield await until(first, signal);
      signal.throwIfAborted();
    }
  }

  /** A server may give less than was asked for. */
  async function readBlock(handle: Buffer, position: number, length: number): Promise<Buffer> {
    const block = Buffer.allocUnsafeSlow(length);
    for (let at = 0; at < length;) {
      const from = at;
      const count = await ask<number>((done) =>
        sftp.read(handle, block, from, length - from, position + from, (error, count) => done(error, count)),
      );
      if (count === 0) throw new Error('the file ends before its size');
      at += count;
    }
    return block;
  }

  async function attributes(path: string): Promise<Attributes | undefined> {
    try {
      return await ask<Attributes>((done) => sftp.stat(path, done));
    } catch (error) {
      if (statusOf(error) === SFTP_STATUS.noSuchFile) return undefined;
      throw error;
    }
  }

  async function size(path: string): Promise<number | undefined> {
    const found = await attributes(path);
    return found !== undefined && isType(found, REGULAR) ? found.size : undefined;
  }

  async function list(directory: string): Promise<readonly RemoteFile[]> {
    const entries = await ask<FileEntry[]>((done) => sftp.readdir(directory === '' ? '.' : directory, done));
    const files: RemoteFile[] = [];
    for (const { filename: name, attrs } of entries) {
      const bytes = isType(attrs, REGULAR)
        ? attrs.size
        : isType(attrs, LINK)
          ? await size(directory === '' ? name : `${directory}/${name}`).catch(unlessRefused)
          : undefined;
      if (bytes !== undefined) files.push({ name, size: bytes });
    }
    return files;
  }

  async function rename(from: string, to: string): Promise<void> {
    try {
      await order((done) => sftp.ext_openssh_rename(from, to, done));
    } catch (error) {
      const isUnknown = statusOf(error) === SFTP_STATUS.unsupported || /does not support/.test(String(error));
      if (!isUnknown) throw error;
      await renameAside(from, to);
    }
  }

  /** Version 3 of the protocol renames over nothing: the complete new file waits beside the old one, which goes first. */
  async function renameAside(from: string, to: string): Promise<void> {
    const attempt = () => order((done) => sftp.rename(from, to, done));
    await attempt().catch(async (error: unknown) => {
      if (statusOf(error) === undefined || (await attributes(to)) === undefined) throw error;
      await remove(to);
      await attempt();
    });
  }

  async function remove(path: string): Promise<void> {
    try {
      await order((done) => sftp.unlink(path, done));
    } catch (error) {
      if (statusOf(error) !== SFTP_STATUS.noSuchFile) throw error;
    }
  }

  async function makeDirectory(path: string): Promise<void> {
    if (path === '' || (await attributes(path)) !== undefined) return;
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/'))).replace(/\/+$/, '');
    await makeDirectory(parent);
    try {
      await order((done) => sftp.mkdir(path, done));
    } catch (error) {
      // Another process may have made it meanwhile.
      if ((await attributes(path)) === undefined) throw error;
    }
  }

  /**
   * The rest of the file does not fit either: another upload that has stopped for want of room may have left some since,
   * when it was removed.
   */
  async function hasNoRoom(path: string, wanted: number): Promise<boolean> {
    try {
      const { f_bavail, f_frsize } = await ask<Space>((done) =>
        sftp.ext_openssh_statvfs(path, (error: Error | undefined, space: unknown) => done(error, space as Space)),
      );
      const rest = wanted - ((await attributes(path))?.size ?? 0);
      return f_bavail * f_frsize < Math.max(LEAST_FREE, rest);
    } catch {
      return false;
    }
  }

  return { write, copy, read, size, list, rename, remove, makeDirectory };
}

/** A link that leads round in a circle, or to where nobody may look. A lost connection is no reason to list less. */
function unlessRefused(error: unknown): undefined {
  if (statusOf(error) === undefined) throw error;
}
