import { CryptoError } from '../../../errors/errors.ts';
import { release } from '../../../util/release.ts';
import type { Soon } from '../../../util/soon.ts';
import type { GpgResult, GpgRun } from './process.ts';
import type { GpgSettings } from '../settings.ts';

/** A gpg that is given data from here. */
export interface GpgInput {
  /** Takes the block over and gives its memory back. Answers a promise when gpg lags behind. Fails with the reason why gpg has ended. */
  write(block: Buffer): Soon<void>;
  /** Ends the input, with `last` behind what was written, and waits for gpg. Throws what went wrong on the way. */
  finish(last?: Buffer): Promise<void>;
  /** Never throws. */
  abort(): Promise<void>;
}

export interface InputOptions {
  /** Throws what the result of gpg lacks. */
  readonly check: (result: GpgResult, settings: GpgSettings) => void;
  readonly signal: AbortSignal;
}

/** Feeds `gpg`. Whatever goes wrong, its reason for ending is the error, not the broken pipe it leaves. */
export function feedGpg(gpg: GpgRun, settings: GpgSettings, { check, signal }: InputOptions): GpgInput {
  const onAbort = (): void => gpg.kill();
  signal.addEventListener('abort', onAbort, { once: true });
  let isBroken = false;
  gpg.stdin?.on('error', () => {
    isBroken = true;
  });
  let isOver = false;
  const outcome = watch();
  outcome.catch(ignore);

  async function watch(): Promise<void> {
    try {
      const result = await gpg.ended;
      if (signal.aborted) throw signal.reason;
      check(result, settings);
    } finally {
      isOver = true;
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** gpg has ended before the input did: that is a failure even when gpg thinks otherwise. */
  async function endedEarly(): Promise<never> {
    await outcome;
    throw new CryptoError('GPG_FAILED', `${settings.binary} ended before it had read all data.`, {
      exception: 'GPGError',
    });
  }

  return {
    write(block) {
      const { stdin } = gpg;
      if (isOver || isBroken || !stdin || signal.aborted) return endedEarly();
      const taken = new Promise<boolean>((resolve) => {
        stdin.write(block, (error) => {
          release(block);
          resolve(!error);
        });
      });
      if (stdin.writableLength === 0) return undefined;
      return taken.then((isTaken) => (isTaken ? undefined : endedEarly()));
    },
    async finish(last) {
      gpg.stdin?.end(last);
      await outcome;
      if (isBroken) await endedEarly();
    },
    async abort() {
      gpg.kill();
      await outcome.catch(ignore);
    },
  };
}

function ignore(): void {
  // Every write and finish reports it.
}
