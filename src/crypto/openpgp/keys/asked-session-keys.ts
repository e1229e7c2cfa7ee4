import { type GpgVersion, sessionKeyArguments } from '../../gpg/run/arguments.ts';
import { type GpgResult, startGpg } from '../../gpg/run/process.ts';
import type { GpgSettings } from '../../gpg/settings.ts';
import { wordsOf } from '../../gpg/run/status.ts';
import { asRecent } from '../../gpg/run/version.ts';
import type { CipherFile } from '../reading/cipher-file.ts';
import type { SessionKey } from '../reading/decrypted-pieces.ts';
import type { MessageHead } from '../reading/message-head.ts';
import { CIPHERS, isCipher, packet, TAG } from '../packets/packet.ts';
import { PacketBody } from '../packets/packet-body.ts';

/** A session key gpg told, or how it failed. */
export type Answer = { readonly key: SessionKey } | { readonly key: undefined; readonly result: GpgResult };

/** Answers are kept for that many files; in one run of this program all files share one. */
const MOST_KEPT = 64;
/** Enough ciphertext for gpg to tell a wrong passphrase from a good one. */
const SAMPLE_BYTES = 64;

/**
 * Session keys by asking gpg, which is given nothing but the packets with session keys and the beginning of the data.
 * Agents, cards and passphrase prompts work as they do for a whole file.
 */
export function sessionKeyAsker(
  settings: GpgSettings,
  version: () => Promise<GpgVersion>,
): (file: CipherFile, head: MessageHead, signal: AbortSignal) => Promise<Answer> {
  const answers = new Map<string, Promise<Answer>>();
  let first: Promise<unknown> | undefined;

  async function ask(question: Buffer, version: GpgVersion, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const run = startGpg(settings, sessionKeyArguments(settings, version), {
      stdin: 'pipe',
      stdout: 'pipe',
      secret: settings.passphrase,
    });
    const onAbort = (): void => run.kill();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      run.stdout?.resume();
      run.stdin?.end(question);
      const result = await run.ended;
      signal.throwIfAborted();
      const key = sessionKeyIn(result);
      return key ? { key } : { key, result };
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  return async (file, head, signal) => {
    const name = head.sessionPackets.toString('latin1');
    const known = answers.get(name);
    if (known) return await known;
    // gpg-agent writes a secret key anew when it is first used: see first-alone.ts.
    const before = first;
    const answer = (async (): Promise<Answer> => {
      await before;
      const question = Buffer.concat([head.sessionPackets, sample(file, head)]);
      return await asRecent(
        version,
        (found) => ask(question, found, signal),
        ({ key }) => key !== undefined,
      );
    })();
    const settled = answer.then(
      ({ key }) => key !== undefined,
      () => false,
    );
    first ??= settled;
    answers.set(name, answer);
    const oldest = answers.size > MOST_KEPT ? answers.keys().next().value : undefined;
    if (oldest !== undefined) answers.delete(oldest);
    if (!(await settled)) answers.delete(name);
    return await answer;
  };
}

/** A data packet with the beginning of the real one. */
function sample(file: CipherFile, { data }: MessageHead): Buffer {
  const bytes = Buffer.alloc(SAMPLE_BYTES);
  const count = file.read(bytes, 0, SAMPLE_BYTES, data.at);
  const { end } = new PacketBody(data).take(bytes, 0, count);
  return packet(TAG.sealed, Buffer.concat([Buffer.from([1]), bytes.subarray(0, end)]));
}

/** gpg before 2.1 tells it in its log only. */
const IN_LOG = /session key: [`'](\d+:[0-9A-F]+)'/;

function sessionKeyIn({ status, log }: GpgResult): SessionKey | undefined {
  const [told = IN_LOG.exec(log)?.[1] ?? ''] = wordsOf(status, 'SESSION_KEY') ?? [];
  const [number = '', digits = ''] = told.split(':');
  const cipher = Number(number);
  const key = Buffer.from(digits, 'hex');
  return isCipher(cipher) && key.length === CIPHERS[cipher].keyBytes ? { cipher, key } : undefined;
}
