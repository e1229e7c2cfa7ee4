import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { posix } from 'node:path';
import ssh2, { type Connection, type SFTPWrapper } from 'ssh2';

const { Server, utils } = ssh2;
const { OPEN_MODE, STATUS_CODE } = utils.sftp;

type Request = 'OPEN' | 'STAT' | 'LSTAT' | 'RENAME' | 'REMOVE' | 'READDIR';

/** What is odd about a server. Without any of it, it is an old one that speaks version 3 and knows no extension. */
export interface SftpKind {
  /** The status that a request gets in the place of the usual answer. */
  readonly answer?: (request: Request, name: string) => number | undefined;
  /** Says that it has stored these, and has not. */
  readonly swallows?: (name: string) => boolean;
  /** Is not in listings. */
  readonly hides?: (name: string) => boolean;
  /** After so many bytes of an upload, once, the connection is over. */
  readonly cutAfter?: number;
}

export interface SftpAnimal extends AsyncDisposable {
  readonly url: (path: string) => string;
  /** Full paths. */
  readonly files: Map<string, Buffer>;
}

const FILE = 0o100644;
const DIRECTORY = 0o040755;

/** A small server on loopback that lives in this process, keeps its files in memory and takes any password. */
export async function startSftpAnimal(kind: SftpKind = {}): Promise<SftpAnimal> {
  const files = new Map<string, Buffer>();
  const directories = new Set(['/']);
  const clients = new Set<Connection>();
  let cuts = kind.cutAfter === undefined ? 0 : 1;
  const { private: key } = utils.generateKeyPairSync('ed25519');

  function attributes(path: string): {
    mode: number;
    size: number;
    uid: number;
    gid: number;
    atime: number;
    mtime: number;
  } {
    const common = { uid: 0, gid: 0, atime: 0, mtime: 0 };
    const file = files.get(path);
    return { ...common, mode: file === undefined ? DIRECTORY : FILE, size: file?.length ?? 0 };
  }

  function serve(client: Connection, sftp: SFTPWrapper): void {
    const handles = new Map<
      number,
      { readonly path: string; readonly isNew: boolean; isListed: boolean; content: Buffer }
    >();
    let last = 0;
    const full = (path: string): string => posix.resolve('/', path);
    const isThere = (path: string): boolean => files.has(path) || directories.has(path);
    const say = (id: number, code: number): void => sftp.status(id, code);
    /** True when the request has had its answer. */
    function isOdd(id: number, request: Request, path: string): boolean {
      const status = kind.answer?.(request, posix.basename(path));
      if (status !== undefined) say(id, status);
      return status !== undefined;
    }
    function give(id: number, path: string, isNew: boolean): void {
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(++last);
      handles.set(last, {
        path,
        isNew,
        isListed: false,
        content: isNew ? Buffer.alloc(0) : (files.get(path) ?? Buffer.alloc(0)),
      });
      sftp.handle(id, handle);
    }
    const opened = (handle: Buffer) => handles.get(handle.readUInt32BE());

    sftp.on('REALPATH', (id, path) => sftp.name(id, [{ filename: full(path), longname: '', attrs: attributes('/') }]));
    sftp.on('OPEN', (id, name, flags) => {
      const path = full(name);
      if (isOdd(id, 'OPEN', path)) return;
      if ((flags & OPEN_MODE.WRITE) === 0) {
        if (files.has(path)) give(id, path, false);
        else say(id, STATUS_CODE.NO_SUCH_FILE);
      } else if ((flags & OPEN_MODE.EXCL) !== 0 && files.has(path)) say(id, STATUS_CODE.FAILURE);
      else give(id, path, true);
    });
    sftp.on('WRITE', (id, handle, offset, data) => {
      const file = opened(handle);
      if (file === undefined) return say(id, STATUS_CODE.FAILURE);
      if (cuts > 0 && offset > (kind.cutAfter ?? 0)) {
        cuts--;
        client.end();
        return undefined;
      }
      if (file.content.length < offset + data.length) {
        file.content = Buffer.concat([file.content, Buffer.alloc(offset + data.length - file.content.length)]);
      }
      data.copy(file.content, offset);
      return say(id, STATUS_CODE.OK);
    });
    sftp.on('READ', (id, handle, offset, length) => {
      const file = opened(handle);
      if (file === undefined || offset >= file.content.length) return say(id, STATUS_CODE.EOF);
      return sftp.data(id, file.content.subarray(offset, offset + length));
    });
    sftp.on('FSTAT', (id, handle) => sftp.attrs(id, attributes(opened(handle)?.path ?? '/')));
    sftp.on('CLOSE', (id, handle) => {
      const file = opened(handle);
      if (file?.isNew === true && kind.swallows?.(posix.basename(file.path)) !== true)
        files.set(file.path, file.content);
      handles.delete(handle.readUInt32BE());
      say(id, STATUS_CODE.OK);
    });
    for (const request of ['STAT', 'LSTAT'] as const) {
      sftp.on(request, (id: number, name: string) => {
        const path = full(name);
        if (isOdd(id, request, path)) return;
        if (isThere(path)) sftp.attrs(id, attributes(path));
        else say(id, STATUS_CODE.NO_SUCH_FILE);
      });
    }
    sftp.on('OPENDIR', (id, path) =>
      directories.has(full(path)) ? give(id, full(path), false) : say(id, STATUS_CODE.NO_SUCH_FILE),
    );
    sftp.on('READDIR', (id, handle) => {
      const directory = opened(handle);
      if (directory === undefined || directory.isListed) return say(id, STATUS_CODE.EOF);
      directory.isListed = true;
      const found = [...files.keys()].filter((path) => posix.dirname(path) === directory.path);
      const shown = found.filter((path) => kind.hides?.(posix.basename(path)) !== true);
      if (shown.length === 0) return say(id, STATUS_CODE.EOF);
      return sftp.name(
        id,
        shown.map((path) => ({ filename: posix.basename(path), longname: '', attrs: attributes(path) })),
      );
    });
    sftp.on('MKDIR', (id, path) => say(id, directories.add(full(path)) && STATUS_CODE.OK));
    sftp.on('REMOVE', (id, name) => {
      const path = full(name);
      if (!isOdd(id, 'REMOVE', path)) say(id, files.delete(path) ? STATUS_CODE.OK : STATUS_CODE.NO_SUCH_FILE);
    });
    sftp.on('RENAME', (id, from, to) => {
      const content = files.get(full(from));
      if (isOdd(id, 'RENAME', full(from))) return;
      if (content === undefined) return say(id, STATUS_CODE.NO_SUCH_FILE);
      // As version 3 has it.
      if (isThere(full(to))) return say(id, STATUS_CODE.FAILURE);
      files.delete(full(from));
      files.set(full(to), content);
      return say(id, STATUS_CODE.OK);
    });
  }

  const server = new Server({ hostKeys: [key] }, (client) => {
    // Six times as fast; the types do not know it.
    (client as Connection & { setNoDelay(on: boolean): void }).setNoDelay(true);
    clients.add(client);
    client.on('error', () => undefined).on('close', () => clients.delete(client));
    client.on('authentication', (context) =>
      context.method === 'password' ? context.accept() : context.reject(['password']),
    );
    client.on('session', (accept) => accept().on('sftp', (open) => serve(client, open())));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `sftp://me:hush@127.0.0.1:${port}/${path}`,
    files,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const client of clients) client.end();
      await closed;
    },
  };
}
