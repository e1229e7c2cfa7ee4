import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { BackendError } from '../../../errors/errors.ts';
import { lookAtStored } from '../../../pipeline/stored-bytes.ts';
import { isErrno } from '../../../util/errno.ts';
import type { Repository } from '../../../repository/repository.ts';
import type { Algorithm } from './provable.ts';

const BLOCK = 1024 * 1024;

export interface Hashes {
  readonly size: number;
  /** Lower-case hex. */
  readonly SHA1: string;
  readonly MD5?: string;
}

/** The hashes of a remote file; its bytes are kept nowhere. */
export async function hashRemote(repository: Repository, name: string, algorithm: Algorithm): Promise<Hashes> {
  const { backend, call } = repository;
  const local = backend.localFile?.(name);
  if (local === undefined) return await backend.get(name, (bytes) => hashAll(bytes, algorithm), call);
  try {
    if (statSync(local, { throwIfNoEntry: false }) === undefined) throw notThere(name);
    return await hashAll(createReadStream(local, { highWaterMark: BLOCK, signal: call.signal }), algorithm);
  } catch (error) {
    call.signal.throwIfAborted();
    if (!isErrno(error)) throw error;
    return lookAtStored({ name, path: local, isLocal: true }, () => {
      throw error;
    });
  }
}

async function hashAll(bytes: AsyncIterable<Buffer>, algorithm: Algorithm): Promise<Hashes> {
  const sha1 = createHash('sha1');
  const md5 = algorithm === 'MD5' ? createHash('md5') : undefined;
  let size = 0;
  for await (const block of bytes) {
    sha1.update(block);
    md5?.update(block);
    size += block.length;
  }
  return { size, SHA1: sha1.digest('hex'), ...(md5 !== undefined && { MD5: md5.digest('hex') }) };
}

function notThere(name: string): BackendError {
  return new BackendError('BACKEND_NOT_FOUND', `${name} is not on the remote.`, {
    retryable: false,
    fields: ['get', `'${name}'`],
  });
}
