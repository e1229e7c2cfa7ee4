import type { EncodedFile } from '../codec.ts';
import { GATHER_BYTES, gatherer, join } from '../gather.ts';
import { createSpoolFile } from '../spool-file.ts';
import { encryptArguments, type GpgVersion } from './run/arguments.ts';
import { gpgFailure } from './failure.ts';
import { feedGpg } from './run/input.ts';
import { type GpgResult, type GpgRun, startGpg } from './run/process.ts';
import { encryptionSecret, type GpgSettings, isSymmetric } from './settings.ts';
import { SIGNS_WITH_ANOTHER } from './signer.ts';
import { hasStatus } from './run/status.ts';

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
  const input = feedGpg(startOrRemove(), settings, { check: checkEncryption, signal });
  const held = gatherer(() => GATHER_BYTES);

  function startOrRemove(): GpgRun {
    try {
      const io = { stdin: 'pipe', stdout: spool.fd, secret: encryptionSecret(settings) } as const;
      return startGpg(settings, encryptArguments(settings, version), io);
    } catch (error) {
      spool.remove();
      throw error;
    }
  }

  return {
    write(block) {
      const run = held.add(block);
      return run && input.write(join(run));
    },
    size: () => spool.size(),
    async finish() {
      try {
        const rest = held.rest();
        await input.finish(rest.length > 0 ? join(rest) : undefined);
        const size = spool.size();
        spool.close();
        return size;
      } catch (error) {
        spool.remove();
        throw error;
      }
    },
    async abort() {
      await input.abort();
      spool.remove();
    },
  };
}

/** Encrypts nothing, and throws what is wrong with the keys. A passphrase alone cannot be wrong, and agents would ask for it. */
export async function tryEncryption(settings: GpgSettings, version: GpgVersion, signal: AbortSignal): Promise<void> {
  if (isSymmetric(settings) && settings.signKey === undefined) return;
  const io = { stdin: 'pipe', stdout: 'pipe', secret: encryptionSecret(settings) } as const;
  const run = startGpg(settings, encryptArguments(settings, version), io);
  run.stdout?.resume();
  await feedGpg(run, settings, { check: checkEncryption, signal }).finish();
}

function checkEncryption(result: GpgResult, settings: GpgSettings): void {
  const fail = (reason?: string): Error =>
    gpgFailure({ result, direction: 'writing', settings, ...(reason === undefined ? {} : { reason }) });
  if (result.exitCode !== 0) throw fail();
  if (!hasStatus(result.status, 'END_ENCRYPTION')) throw fail('gpg did not report that it has encrypted anything');
  if (settings.signKey !== undefined && SIGNS_WITH_ANOTHER.test(result.log)) throw fail();
}
