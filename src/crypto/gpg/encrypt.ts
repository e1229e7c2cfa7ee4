import { release } from '../../util/release.ts';
import { CryptoError } from '../../errors/errors.ts';
import type { EncodedFile } from '../codec.ts';
import { GATHER_BYTES, gatherer, join } from '../gather.ts';
import { createSpoolFile } from '../spool-file.ts';
import { encryptArguments, type GpgVersion } from './arguments.ts';
import { gpgFailure } from './failure.ts';
import { type GpgResult, type GpgRun, startGpg } from './process.ts';
import { encryptionSecret, type GpgSettings } from './settings.ts';
import { SIGNS_WITH_ANOTHER } from './signer.ts';
import { hasStatus } from './status.ts';

/**
 * Starts a gpg that writes the new file at `path` itself: ciphertext never passes through here. Whatever goes wrong,
 * gpg's reason for ending is the error, not the broken pipe it leaves.
 */
export function createGpgFile(
  settings: GpgSettings,
  version: GpgVersion,
  { path, signal }: { readonly path: string; readonly signal: AbortSignal },
): EncodedFile {
  signal.throwIfAborted();
  const spool = createSpoolFile(path);
  const gpg = startOrRemove();
  const held = gatherer(() => GATHER_BYTES);
  const onAbort = (): void => gpg.kill();
  signal.addEventListener('abort', onAbort, { once: true });

  function startOrRemove(): GpgRun {
    try {
      const io = { stdin: 'pipe', stdout: spool.fd, secret: encryptionSecret(settings) } as const;
      return startGpg(settings, encryptArguments(settings, version), io);
    } catch (error) {
      spool.remove();
      throw error;
    }
  }

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
      checkEncryption(result, settings);
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
      if (isOver || signal.aborted) return endedEarly();
      const run = held.add(block);
      if (!run || !gpg.stdin) return undefined;
      const { stdin } = gpg;
      const taken = new Promise<boolean>((resolve) => {
        const block = join(run);
        stdin.write(block, (error) => {
          release(block);
          resolve(!error);
        });
      });
      if (stdin.writableLength === 0) return undefined;
      return taken.then((isTaken) => (isTaken ? undefined : endedEarly()));
    },
    size: () => spool.size(),
    async finish() {
      try {
        const rest = held.rest();
        gpg.stdin?.end(rest.length > 0 ? join(rest) : undefined);
        await outcome;
        if (isBroken) await endedEarly();
        const size = spool.size();
        spool.close();
        return size;
      } catch (error) {
        spool.remove();
        throw error;
      }
    },
    async abort() {
      gpg.kill();
      await outcome.catch(ignore);
      spool.remove();
    },
  };
}

function checkEncryption(result: GpgResult, settings: GpgSettings): void {
  const fail = (reason?: string): Error =>
    gpgFailure({ result, direction: 'writing', ...(reason === undefined ? {} : { reason }) });
  if (result.exitCode !== 0) throw fail();
  if (!hasStatus(result.status, 'END_ENCRYPTION')) throw fail('gpg did not report that it has encrypted anything');
  if (settings.signKey !== undefined && SIGNS_WITH_ANOTHER.test(result.log)) throw fail();
}

function ignore(): void {
  // Every write and finish reports it.
}
