import { DuplicityError } from '../src/errors/errors.ts';

/** One reader, and how to feed it. */
export interface Target {
  readonly name: string;
  /** Inputs to begin with, besides those of `fuzz/corpus`. */
  readonly seeds: () => readonly (Buffer | string)[];
  /** Reads an input to its end, and throws what the reader throws, or an `Error` of its own for a broken promise. */
  readonly read: (input: Buffer) => void | Promise<void>;
  /** Words of the format, to be strewn in. */
  readonly words?: readonly (Buffer | string)[];
  /** Bytes of the longest input. */
  readonly most?: number;
  /** Documented failures of the reader besides `DuplicityError`s. */
  readonly fails?: (error: unknown) => boolean;
}

export interface Outcome {
  /** CPU, in milliseconds. */
  readonly took: number;
  /** What was thrown and must not be. */
  readonly wrong?: unknown;
}

/** What an input may take: a second, and 20 µs for each of its bytes. */
export function mostCpu(input: Buffer): number {
  return 1000 + input.length / 50;
}

export async function tryInput(target: Target, input: Buffer): Promise<Outcome> {
  const begin = process.cpuUsage();
  const took = (): number => {
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / 1000;
  };
  try {
    // A copy: some readers take their input over.
    const reading = target.read(Buffer.from(input));
    if (reading instanceof Promise) await reading;
    return { took: took() };
  } catch (error) {
    const isAllowed = error instanceof DuplicityError || target.fails?.(error) === true;
    return isAllowed ? { took: took() } : { took: took(), wrong: error };
  }
}

/** The same for all inputs that find the same fault. */
export function signatureOf(wrong: unknown): string {
  if (!(wrong instanceof Error)) return `thrown: ${String(wrong).slice(0, 80)}`;
  const place = (wrong.stack ?? '').split('\n').find((line) => /\/(src|node_modules|fuzz)\//.test(line)) ?? '';
  const where = /([^/\\(]+\/[^/\\(]+:\d+):\d+\)?$/.exec(place)?.[1] ?? '';
  return `${wrong.name}: ${wrong.message.replace(/\d+/g, '#').slice(0, 120)} at ${where}`;
}
