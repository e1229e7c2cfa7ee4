import { readAhead, withoutFirst } from '../ahead/read-ahead.ts';
import type { Codec } from '../codec.ts';
import { isSameStamp } from '../file-stamp.ts';
import type { GpgVersion } from '../gpg/run/arguments.ts';
import type { GpgSettings } from '../gpg/settings.ts';
import { openCipherFile } from './reading/cipher-file.ts';
import { decryptedPieces, type Piece } from './reading/decrypted-pieces.ts';
import { changed, cutOff, followedBy, manipulated } from './reading/failures.ts';
import { checkIntegrity, judgedPieces, type Verdict } from './reading/integrity.ts';
import { MOST_HEAD_BYTES, parseHead } from './reading/message-head.ts';
import { type Release, releaseMessage } from './reading/release-message.ts';
import { sessionKeys } from './keys/session-keys.ts';
import { signatureChecks } from './reading/signature-check.ts';

interface ReaderOptions {
  readonly version: () => Promise<GpgVersion>;
  /** Reads what is not known here, with gpg. */
  readonly fallback: Codec['open'];
  readonly warn: (text: string) => void;
}

type OpenOptions = Parameters<Codec['open']>[1] & {
  /** Blocks are done with when the next one is asked for. Otherwise they belong to the receiver. */
  readonly reuses?: boolean;
};

/** What is smaller is decrypted once and kept, all else twice unless it is proven; without the hash that does 2 GB/s. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;
/** Both releases of the reference tolerate this byte behind sound data: gpg has complained of it without reason. */
const STRAY = 0x14;

/**
 * Reads OpenPGP files in this process: AES with a modification detection code, which gpg has made of everything for two
 * decades. No block is released before the code was found good, unless the file is `proven` already, nor, with a `signer`,
 * before its signature was. What is not known here is left to `fallback`, before anything is released.
 */
export function openPgpReader(settings: GpgSettings, { version, fallback, warn }: ReaderOptions): Codec['open'] {
  const keyOf = sessionKeys(settings, version);
  const checkSignature = signatureChecks(settings, { version, warn });

  async function* read(path: string, options: OpenOptions): AsyncGenerator<Buffer, boolean> {
    const { name, signer, proven, signal, reuses = false } = options;
    const judge = ({ isCut, isGood, trailing }: Verdict): void => {
      if (isCut) throw cutOff(name);
      if (!isGood) throw manipulated(name);
      if (trailing === STRAY) warn(`${name}: there is an invalid packet (ctb=14) behind the data.`);
      else if (trailing !== undefined) throw followedBy(name, trailing);
    };
    const file = openCipherFile(path);
    try {
      const head = parseHead(file.head(MOST_HEAD_BYTES));
      const key = head && (await keyOf({ file, head, name, signal }));
      if (!head || !key) return false;
      const keep = file.size <= MOST_KEPT_BYTES && signer === undefined;
      const decrypted = (): Iterable<Piece> => decryptedPieces(file, head.data, key);
      let pieces: Iterable<Piece>;
      if (signer === undefined && !keep) {
        const job = { path, stamp: file.stamp, sealed: { data: head.data, session: key } };
        const { bytes, isWhole } = yield* readAhead(job, options);
        if (isWhole && file.isChanged()) throw changed(name);
        if (isWhole) return true;
        if (bytes > 0) {
          // Understood so far, so that it is another file when it is not any more.
          const isRead = yield* withoutFirst(read(path, { ...options, proven: undefined }), bytes);
          if (!isRead || file.isChanged()) throw changed(name);
          return true;
        }
      }
      const stamp = await proven;
      if (stamp !== undefined && signer === undefined && !keep && isSameStamp(file.stamp, stamp)) {
        pieces = judgedPieces(decrypted(), judge);
      } else {
        const checked = await checkIntegrity(decrypted(), { signal, keep });
        judge(checked);
        pieces = keep ? checked.pieces : decrypted();
      }
      const release: Release = { file, name, signal, warn };
      if (signer === undefined) return yield* releaseMessage(pieces, { ...release, reuses, checkSignature });
      const signed = releaseMessage(pieces, { ...release, signer, reuses: true, checkSignature });
      for (;;) {
        const step = await signed.next();
        if (!step.done) continue;
        if (!step.value) return false;
        break;
      }
      return yield* releaseMessage(decrypted(), { ...release, reuses });
    } finally {
      file.close();
    }
  }

  return async function* (path, options) {
    options.signal.throwIfAborted();
    if (!(yield* read(path, options))) yield* fallback(path, options);
  };
}
