import type { Session } from './session.ts';

/** The decoded content of a remote metadata file. */
export async function* fetchDecoded(
  { keys, remote }: Session,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const codecOf = await keys.reader([name]);
  const file = await remote.fetch(name);
  try {
    yield* codecOf(name).open(file.path, { name, signal });
  } finally {
    file.release();
  }
}
