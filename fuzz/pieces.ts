import { DuplicityError } from '../src/errors/errors.ts';

/** The input in pieces of all sizes, the same for the same input. */
function pieces(input: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  let state = input.length + 1;
  for (let at = 0; at < input.length;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const length = state % 8 === 0 ? 1 + ((state >>> 8) % 4096) : 1 + ((state >>> 8) % 100);
    // Memory of their own, not aligned: as a decoder may hand them out.
    parts.push(Buffer.concat([Buffer.alloc(1), input.subarray(at, at + length)]).subarray(1));
    at += length;
  }
  return parts;
}

export async function* streamed(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}

/** The failure in short, when the reader may fail so. */
function failureIn(error: unknown): string {
  if (error instanceof DuplicityError) return `${error.code}: ${error.message}`;
  throw error;
}

async function answerOf(read: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await read(), plain) ?? '';
  } catch (error) {
    return failureIn(error);
  }
}

/** Reads whole and in pieces: both have to answer, or to fail, alike. */
export async function readBothWays(input: Buffer, read: (parts: readonly Buffer[]) => Promise<unknown>): Promise<void> {
  const whole = await answerOf(() => read([Buffer.from(input)]));
  const inPieces = await answerOf(() => read(pieces(input)));
  if (whole === inPieces) return;
  throw new Error(`in pieces it reads otherwise:\n${whole.slice(0, 1000)}\n${inPieces.slice(0, 1000)}`);
}

/** What JSON leaves out. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  if (value instanceof Set) return [...value];
  if (typeof value === 'bigint') return String(value);
  return value;
}
