import { CryptoError } from '../../../errors/errors.ts';
import { type GpgVersion, verifyArguments } from '../../gpg/run/arguments.ts';
import { checkSignature } from '../../gpg/decrypt.ts';
import { type GpgRun, startGpg } from '../../gpg/run/process.ts';
import type { GpgSettings } from '../../gpg/settings.ts';

interface CheckOptions {
  readonly name: string;
  readonly signer?: string;
  readonly signal: AbortSignal;
}

interface Surroundings {
  readonly version: () => Promise<GpgVersion>;
  readonly warn: (text: string) => void;
}

/** gpg judging a signed message while it is read. */
export interface SignatureCheck {
  /** Bytes of the message; copied. Waited for by `passOn`. */
  readonly take: (block: Buffer) => void;
  /** Hands over what was taken. */
  passOn(): Promise<void>;
  /** Throws what is wrong with the signature. */
  finish(): Promise<void>;
  /** Ends gpg. Never throws. */
  stop(): Promise<void>;
}

/** Undefined when there is no gpg and nobody asked for a signer. */
export type StartCheck = (options: CheckOptions) => Promise<SignatureCheck | undefined>;

export function signatureChecks(settings: GpgSettings, { version, warn }: Surroundings): StartCheck {
  let isWarned = false;
  return async (options) => {
    try {
      const args = verifyArguments(settings, await version());
      const run = startGpg(settings, args, { stdin: 'pipe', stdout: 'pipe', secret: undefined });
      return signatureCheck(run, { ...options, warn });
    } catch (error) {
      if (options.signer !== undefined || !isMissing(error)) throw error;
      if (!isWarned) warn(`There is no ${settings.binary} here: signatures are not checked.`);
      isWarned = true;
      return undefined;
    }
  };
}

function signatureCheck(run: GpgRun, options: CheckOptions & Pick<Surroundings, 'warn'>): SignatureCheck {
  const { signal } = options;
  const onAbort = (): void => run.kill();
  signal.addEventListener('abort', onAbort, { once: true });
  run.stdout?.resume();
  let isOver = false;
  const ended = run.ended.finally(() => {
    isOver = true;
    signal.removeEventListener('abort', onAbort);
  });
  ended.catch(ignore);
  let taken: Buffer[] = [];

  return {
    take: (block) => void taken.push(Buffer.from(block)),
    async passOn() {
      const blocks = taken;
      taken = [];
      for (const block of blocks) {
        // A gpg that has ended does not answer; its exit tells why.
        if (isOver || !run.stdin) return;
        const { stdin } = run;
        await Promise.race([
          new Promise<void>((resolve) => stdin.write(block, () => resolve())),
          ended.then(ignore, ignore),
        ]);
      }
    },
    async finish() {
      run.stdin?.end();
      const result = await ended;
      signal.throwIfAborted();
      checkSignature(result, options);
    },
    async stop() {
      if (isOver) return;
      run.kill();
      await ended.catch(ignore);
    },
  };
}

function isMissing(error: unknown): boolean {
  return error instanceof CryptoError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}

function ignore(): void {
  // Whoever waits for the end is told.
}
