import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { SigtarStream } from '../../../archive/sigtar.ts';
import { CryptoError, IntegrityError } from '../../../errors/errors.ts';
import { storedBytes } from '../../../pipeline/stored-bytes.ts';
import type { Repository } from '../../../repository/repository.ts';
import { toScreen } from '../../../util/bytepath.ts';
import { hashed } from '../find/read-manifests.ts';

interface DecodedSignatures {
  /** Of the remote file, lower-case hex. */
  readonly sha1: string;
  readonly size: number | undefined;
  /** What they hold; undefined: the key is not here. */
  readonly content: Content | undefined;
}

type Content = { readonly digest: string } | { readonly error: IntegrityError };

/** Fetches signatures and, where nobody has to be asked, decodes them. */
export async function readSignatures(
  repository: Repository,
  name: string,
  mayRead: boolean,
): Promise<DecodedSignatures> {
  const { remote, keys, call } = repository;
  const file = await remote.fetch(name, call.signal, 'SHA1');
  try {
    const sha1 = file.hash('SHA1');
    const size = remote.listedSizeOf(name);
    if (!mayRead) return { sha1, size, content: undefined };
    const codecOf = await keys.reader([name]);
    const bytes = storedBytes(codecOf(name).open(file.path, { name, signal: call.signal, reuses: true }));
    return { sha1, size, content: await contentOf(bytes, name) };
  } finally {
    file.release();
  }
}

/** The same of the copy in the archive dir; undefined when it is there no more. */
export async function readCopy({ archiveDir, keys, call }: Repository, name: string): Promise<Content | undefined> {
  const path = archiveDir.pathOf(name);
  if (!existsSync(path)) return undefined;
  return contentOf(keys.local(name).open(path, { name, signal: call.signal, reuses: true }), name);
}

/** Reads all entries; what cannot be decoded, is no archive or stands in no order is an error. */
async function contentOf(bytes: AsyncIterable<Buffer>, name: string): Promise<Content | undefined> {
  const hash = createHash('sha1');
  let error: IntegrityError | undefined;
  const stream = new SigtarStream(hashed(bytes, hash), {
    name,
    onWarning(warning) {
      error ??=
        warning.kind === 'unreadable'
          ? warning.error
          : new IntegrityError('DAMAGED', `${name}: ${toScreen(warning.path)} does not stand in order.`);
    },
  });
  try {
    for (let entry = stream.next(); ; entry = stream.next()) {
      if ((entry instanceof Promise ? await entry : entry) === undefined) break;
    }
  } catch (thrown) {
    if (thrown instanceof CryptoError) return undefined;
    if (!(thrown instanceof IntegrityError)) throw thrown;
    error ??= thrown;
  } finally {
    await stream.close().catch(() => undefined);
  }
  return error === undefined ? { digest: hash.digest('hex') } : { error };
}
