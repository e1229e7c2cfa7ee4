import type { Copy } from '../../cache/sync-plan.ts';
import { gzipCodec } from '../../crypto/plain/gzip.ts';
import { fileBlocks } from '../../crypto/read-file.ts';
import { fetchDecoded } from './fetch-decoded.ts';
import type { Repository } from '../repository.ts';

/**
 * What the archive dir holds of a remote metadata file: manifests plain, signatures gzipped. Signatures that are gzipped
 * there are checked and taken over as they are: deflating block sums costs five times as much as reading them.
 */
export async function* storedBytes(repository: Repository, copy: Copy, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { keys, remote, spool } = repository;
  const { kind, name } = copy;
  if (kind === 'manifest') {
    yield* fetchDecoded(repository, name, { signal, reuses: true });
    return;
  }
  const codecOf = await keys.reader([name]);
  const codec = codecOf(name);
  // Read on every run, and hardly smaller at any other level: signatures are hashes.
  const local = gzipCodec({ level: 1 });
  const file = await remote.fetch(name, signal);
  try {
    const decoded = codec.open(file.path, { name, signal, reuses: codec.suffix === local.suffix });
    if (codec.suffix === local.suffix) {
      for await (const block of decoded) void block;
      yield* fileBlocks(file.path, { signal, reuses: true });
      return;
    }
    const path = spool.newPath('signatures');
    const encoded = await local.create(path, signal);
    try {
      for await (const block of decoded) await encoded.write(block);
      await encoded.finish();
      yield* fileBlocks(path, { signal, reuses: true });
    } finally {
      await encoded.abort();
    }
  } finally {
    file.release();
  }
}
