import { createHash } from 'node:crypto';

/** Of Dropbox's content hash: SHA-256 over the SHA-256 of each run of this length. */
const HASHED_TOGETHER = 4 * 1024 * 1024;

export interface ContentHash {
  update(bytes: Buffer): void;
  /** In lower-case hexadecimal digits. */
  digest(): string;
}

/** What Dropbox tells as `content_hash` of a file: https://www.dropbox.com/developers/reference/content-hash */
export function contentHash(): ContentHash {
  const whole = createHash('sha256');
  let run = createHash('sha256');
  let held = 0;
  const close = (): void => {
    whole.update(run.digest());
    run = createHash('sha256');
    held = 0;
  };
  return {
    update(bytes) {
      for (let at = 0; at < bytes.length;) {
        const part = bytes.subarray(at, at + HASHED_TOGETHER - held);
        run.update(part);
        held += part.length;
        at += part.length;
        if (held === HASHED_TOGETHER) close();
      }
    },
    digest() {
      if (held > 0) close();
      return whole.digest('hex');
    },
  };
}

export function contentHashOf(bytes: Buffer): string {
  const hash = contentHash();
  hash.update(bytes);
  return hash.digest();
}
