import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  createReadStream,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
  type ReadStream,
} from 'node:fs';

import { contentHashOf } from '../../src/backends/dpbx/content-hash.ts';

/** A refusal of a route: 409 with the tags of the error, as the API describes it. */
export class RouteError extends Error {
  readonly error: object;
  constructor(error: object) {
    super(JSON.stringify(error));
    this.error = error;
  }
}

interface Stored {
  readonly path: string;
  readonly file: string;
  readonly id: string;
  readonly rev: string;
  readonly size: number;
  readonly hash: string;
  readonly time: string;
}

interface Session {
  readonly file: string;
  size: number;
  isClosed: boolean;
}

export interface Commit {
  readonly path: string;
  /** `add` without it. */
  readonly mode?: string | { readonly '.tag': string };
  readonly autorename?: boolean;
}

/** Entries of one answer of list_folder when nothing else is asked for. */
const PAGE = 500;
const ADD_OR_OVERWRITE = ['add', 'overwrite'];

/** One Dropbox: names are compared without regard to case, and folders come to be with what is put into them. */
export function openAccount(dir: string) {
  /** By path in lower case. */
  const files = new Map<string, Stored>();
  const folders = new Map<string, string>();
  const sessions = new Map<string, Session>();
  let quota = Number.POSITIVE_INFINITY;
  let made = 0;
  let used = 0;
  mkdirSync(dir, { recursive: true });

  function newFile(): string {
    return `${dir}/${++made}`;
  }

  function fileMetadata({ path, id, rev, size, hash, time }: Stored): Record<string, unknown> {
    return {
      name: path.slice(path.lastIndexOf('/') + 1),
      path_lower: path.toLowerCase(),
      path_display: path,
      id,
      client_modified: time,
      server_modified: time,
      rev,
      size,
      is_downloadable: true,
      content_hash: hash,
    };
  }

  function metadata(path: string, tag: string): Record<string, unknown> {
    const file = files.get(path.toLowerCase());
    if (file !== undefined) return { '.tag': 'file', ...fileMetadata(file) };
    const folder = folders.get(path.toLowerCase());
    if (folder === undefined) throw lookup(tag, 'not_found');
    return {
      '.tag': 'folder',
      name: folder.slice(folder.lastIndexOf('/') + 1),
      path_lower: folder.toLowerCase(),
      path_display: folder,
      id: `id:${folder.length}_${folder.toLowerCase().replaceAll('/', '-')}`,
    };
  }

  function store(file: string, commit: Commit, failure: (reason: object) => RouteError): Record<string, unknown> {
    const { path } = commit;
    const mode = typeof commit.mode === 'object' ? commit.mode['.tag'] : (commit.mode ?? 'add');
    const key = path.toLowerCase();
    if (!ADD_OR_OVERWRITE.includes(mode)) throw new Error(`the mode ${mode} is not implemented`);
    if (commit.autorename === true) throw new Error('autorename is not implemented');
    if (key.startsWith('/read-only/')) throw failure({ '.tag': 'no_write_permission' });
    if (folders.has(key)) throw failure({ '.tag': 'conflict', conflict: { '.tag': 'folder' } });
    const before = files.get(key);
    if (before !== undefined && mode === 'add') throw failure({ '.tag': 'conflict', conflict: { '.tag': 'file' } });
    const content = readFileSync(file);
    const more = content.length - (before?.size ?? 0);
    if (used + more > quota) throw failure({ '.tag': 'insufficient_space' });
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const folder = path.slice(0, at);
      if (files.has(folder.toLowerCase())) {
        throw failure({ '.tag': 'conflict', conflict: { '.tag': 'file_ancestor' } });
      }
      if (!folders.has(folder.toLowerCase())) folders.set(folder.toLowerCase(), folder);
    }
    const kept = newFile();
    renameSync(file, kept);
    const stored: Stored = {
      // As Dropbox does, the first spelling stays.
      path: before?.path ?? path,
      file: kept,
      id: before?.id ?? `id:${randomBytes(16).toString('base64url')}`,
      rev: `${made}`.padStart(9, '0'),
      size: content.length,
      hash: contentHashOf(content),
      time: `${new Date().toISOString().slice(0, 19)}Z`,
    };
    files.set(key, stored);
    used += more;
    return fileMetadata(stored);
  }

  function sessionOf(id: string, offset: number, failure: (reason: object) => RouteError): Session {
    const session = sessions.get(id);
    if (session === undefined) throw failure({ '.tag': 'not_found' });
    if (session.size !== offset) throw failure({ '.tag': 'incorrect_offset', correct_offset: session.size });
    return session;
  }

  const ownFailure = (reason: object): RouteError => new RouteError(reason);

  const account = {
    upload(content: Buffer, commit: Commit): Record<string, unknown> {
      const file = newFile();
      writeFileSync(file, content);
      return store(file, commit, (reason) => new RouteError({ '.tag': 'path', reason, upload_session_id: 'none' }));
    },

    copy(from: string, to: string): Record<string, unknown> {
      const original = files.get(from.toLowerCase());
      if (original === undefined)
        throw lookup('from_lookup', folders.has(from.toLowerCase()) ? 'not_file' : 'not_found');
      const file = newFile();
      copyFileSync(original.file, file);
      // Dropbox has the quota beside the names, and no word of its own for the reason.
      const stored = store(
        file,
        { path: to, mode: 'add' },
        (reason) => new RouteError(isFull(reason) ? { '.tag': 'insufficient_quota' } : { '.tag': 'to', to: reason }),
      );
      return { '.tag': 'file', ...stored };
    },

    startSession(content: Buffer, isClosed: boolean): string {
      const id = randomBytes(12).toString('base64url');
      const file = newFile();
      writeFileSync(file, content);
      sessions.set(id, { file, size: content.length, isClosed });
      return id;
    },

    append(content: Buffer, id: string, offset: number, close: boolean): void {
      const session = sessionOf(id, offset, ownFailure);
      if (session.isClosed) throw ownFailure({ '.tag': 'closed' });
      appendFileSync(session.file, content);
      session.size += content.length;
      session.isClosed = close;
    },

    finish(content: Buffer, id: string, offset: number, commit: Commit): Record<string, unknown> {
      const failure = (reason: object): RouteError =>
        new RouteError({ '.tag': 'lookup_failed', lookup_failed: reason });
      const session = sessionOf(id, offset, failure);
      appendFileSync(session.file, content);
      session.size += content.length;
      const stored = store(session.file, commit, (reason) => new RouteError({ '.tag': 'path', path: reason }));
      sessions.delete(id);
      return stored;
    },

    /** Forgets every upload that is not finished. */
    loseSessions: () => sessions.clear(),

    metadata: (path: string) => metadata(path, 'path'),

    read(path: string, range: { readonly start: number; readonly end: number } | undefined): ReadStream {
      const file = files.get(path.toLowerCase());
      if (file === undefined) throw lookup('path', folders.has(path.toLowerCase()) ? 'not_file' : 'not_found');
      return createReadStream(file.file, range);
    },

    list(folder: string, { after = '', limit = PAGE }: { readonly after?: string; readonly limit?: number }) {
      const key = folder.toLowerCase();
      if (key !== '' && !folders.has(key)) throw lookup('path', files.has(key) ? 'not_folder' : 'not_found');
      const inside = [...files.keys(), ...folders.keys()]
        .filter((path) => path.startsWith(`${key}/`) && !path.includes('/', key.length + 1) && path > after)
        .sort();
      const page = inside.slice(0, limit);
      return {
        entries: page.map((path) => metadata(path, 'path')),
        last: page.at(-1) ?? after,
        hasMore: page.length < inside.length,
      };
    },

    /** Folders with all that is in them. */
    delete(path: string): Record<string, unknown> {
      const gone = metadata(path, 'path_lookup');
      const key = path.toLowerCase();
      const isFile = files.has(key);
      const all = isFile ? [key] : [...files.keys()].filter((at) => at.startsWith(`${key}/`));
      for (const at of all) {
        used -= files.get(at)?.size ?? 0;
        files.delete(at);
      }
      if (isFile) return gone;
      for (const at of folders.keys()) if (at === key || at.startsWith(`${key}/`)) folders.delete(at);
      return gone;
    },

    /** Puts many files of that content there, much faster than to upload them. */
    plant(folder: string, names: readonly string[], content: Buffer): void {
      account.upload(content, { path: `${folder}/${names[0] ?? ''}` });
      const first = files.get(`${folder}/${names[0] ?? ''}`.toLowerCase());
      if (first === undefined) throw new Error('nothing to plant');
      for (const name of names) {
        const path = `${folder}/${name}`;
        files.set(path.toLowerCase(), { ...first, path, id: `id:${name.padStart(16, '0')}` });
      }
    },

    /** Names in `folder`, and what they hold; a way around the API. */
    contents(folder: string): ReadonlyMap<string, Buffer> {
      const within = [...files.values()].filter(({ path }) => path.slice(0, path.lastIndexOf('/')) === folder);
      return new Map(within.map(({ path, file }) => [path.slice(folder.length + 1), readFileSync(file)]));
    },

    setQuota(bytes: number): void {
      quota = bytes;
    },
  };
  return account;
}

function isFull(reason: object): boolean {
  return '.tag' in reason && reason['.tag'] === 'insufficient_space';
}

function lookup(tag: string, reason: string): RouteError {
  return new RouteError({ '.tag': tag, [tag]: { '.tag': reason } });
}
