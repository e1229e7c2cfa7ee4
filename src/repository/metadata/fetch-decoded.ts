import type { BlockOptions } from '../../crypto/read-file.ts';
import type { Repository } from '../repository.ts';

/** The decoded content of a remote metadata file. */
export async function* fetchDecoded(
  { keys, remote }: Repository,
  name: string,
  options: BlockOptions,
): AsyncGenerator<Buffer> {
  const codecOf = await keys.reader([name]);
  const file = await remote.fetch(name, options.signal);
  try {
    yield* codecOf(name).open(file.path, { name, ...options });
  } finally {
    file.release();
  }
}
