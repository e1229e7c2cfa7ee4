import type { Codec } from './codec.ts';
import type { GpgSettings } from './gpg/settings.ts';
import { openPgpCodec } from './openpgp/openpgp.ts';
import { gzipCodec } from './plain/gzip.ts';
import { plainCodec } from './plain/plain.ts';

export interface CodecSettings {
  readonly gpg: GpgSettings;
  /** zlib's level for `.gz` files, 0 to 9. */
  readonly gzipLevel?: number;
  /** Told what a reader should know about a file that could be read. */
  readonly warn: (text: string) => void;
}

/** The codec for each suffix. A chain may mix them: every file is decoded by its own name. */
export function codecs(settings: CodecSettings): (suffix: Codec['suffix']) => Codec {
  const { gzipLevel: level } = settings;
  const all: Readonly<Record<Codec['suffix'], Codec>> = {
    '': plainCodec(),
    '.gz': gzipCodec(level === undefined ? {} : { level }),
    '.gpg': openPgpCodec(settings.gpg, settings.warn),
  };
  return (suffix) => all[suffix];
}

/**
 * Suffix of the files a run writes. Encryption is all or nothing; a manifest is never gzipped.
 * Source: docs/format/encryption.md.
 */
export function writeCodec(
  { encryption, compression }: { readonly encryption: boolean; readonly compression: boolean },
  content: 'volume' | 'signatures' | 'manifest',
): Codec['suffix'] {
  if (encryption) return '.gpg';
  return compression && content !== 'manifest' ? '.gz' : '';
}
