import type { Secret } from '../../../util/secret.ts';
import { type GpgResult, type GpgRun, startGpg } from '../../gpg/run/process.ts';
import type { GpgSettings } from '../../gpg/settings.ts';

/** What a short gpg call did and wrote. */
export interface GpgAnswer {
  readonly result: GpgResult;
  readonly output: Buffer;
}

export interface GpgCall {
  readonly args: readonly string[];
  readonly secret: Secret | undefined;
  readonly signal: AbortSignal;
}

/** Runs gpg over no input. An abort ends it and is the failure. */
export async function askGpg(settings: GpgSettings, { args, secret, signal }: GpgCall): Promise<GpgAnswer> {
  signal.throwIfAborted();
  const run = startGpg(settings, args, { stdin: 'pipe', stdout: 'pipe', secret });
  const onAbort = (): void => run.kill();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    run.stdin?.end();
    const output = outputOf(run);
    const result = await run.ended;
    signal.throwIfAborted();
    return { result, output: output() };
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Collects what gpg writes, which is small. */
export function outputOf(run: GpgRun): () => Buffer {
  const blocks: Buffer[] = [];
  run.stdout?.on('data', (block: Buffer) => blocks.push(block));
  // Its exit tells why.
  run.stdout?.on('error', () => {});
  return () => Buffer.concat(blocks);
}
