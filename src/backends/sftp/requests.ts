import type { SFTPWrapper } from 'ssh2';

import type { Connection } from '../ssh/connection.ts';

const FILE_TYPE = 0o170000;
export const REGULAR = 0o100000;
export const LINK = 0o120000;

type Done<T> = (error: Error | null | undefined, value: T) => void;

/** Requests to one server, all of which fail when the connection does. */
export interface Requests {
  readonly ask: <T>(start: (done: Done<T>) => void) => Promise<T>;
  readonly order: (start: (done: Done<void>) => void) => Promise<void>;
}

export function sftpRequests(connection: Connection): Requests {
  const waiting = new Set<(error: unknown) => void>();
  async function failAll(): Promise<void> {
    await connection.gone;
    for (const reject of waiting) reject(new Error('the connection was lost'));
    waiting.clear();
  }
  void failAll();

  /** One request. ssh2 forgets those that are made when the connection is down already. */
  function ask<T>(start: (done: Done<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!connection.isOpen()) {
        reject(new Error('the connection was lost'));
        return;
      }
      waiting.add(reject);
      start((error, value) => {
        waiting.delete(reject);
        if (error) reject(error);
        else resolve(value);
      });
    });
  }
  return { ask, order: (start) => ask<void>(start) };
}

export function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

/** A file without a type, as some servers tell of them, counts as regular. */
export function isType({ mode }: { readonly mode: number }, type: number): boolean {
  const found = (mode ?? 0) & FILE_TYPE;
  return found === type || (found === 0 && type === REGULAR);
}

/** ssh2 knows from the server's name how much one request may carry, and tells nobody. */
export function takes(sftp: SFTPWrapper, length: number): boolean {
  const most: unknown = Reflect.get(sftp, '_maxWriteLen');
  return typeof most === 'number' && most >= length;
}

/** ssh2 keeps for itself which extensions the server has named. */
export function copiesData(sftp: SFTPWrapper): boolean {
  const extensions: unknown = Reflect.get(sftp, '_extensions');
  return typeof extensions === 'object' && extensions !== null && Reflect.get(extensions, 'copy-data') === '1';
}
