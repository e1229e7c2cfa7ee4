import { HARMLESS_ALONE, HARMLESS_WITH_VALUE } from './gpg-harmless.ts';
import { type Cipher, COMPRESSION, type Compression } from '../packets/packet.ts';

/** What gpg was told about the encrypted data themselves. */
export interface BodyOptions {
  readonly cipher?: Cipher;
  readonly preferredCipher?: Cipher;
  readonly s2kCipher?: Cipher;
  /** OpenPGP's number. */
  readonly s2kHash?: number;
  /** As written; see `countByte`. */
  readonly s2kCount?: number;
  readonly compression?: Compression;
  readonly preferredCompression?: Compression;
  /** zlib's, 0 to 9. */
  readonly level?: number;
  readonly homedir?: string;
}

/** An option that stands alone, one with a value, both without bearing on the data; or what a value means for them. */
type Meaning = 'flag' | 'value' | ((value: string) => BodyOptions | undefined);

const CIPHER: Readonly<Record<string, Cipher>> = {
  AES: 7,
  AES128: 7,
  AES192: 8,
  AES256: 9,
  S7: 7,
  S8: 8,
  S9: 9,
};

const COMPRESSIONS: Readonly<Record<string, Compression>> = {
  UNCOMPRESSED: COMPRESSION.none,
  ZIP: COMPRESSION.zip,
  ZLIB: COMPRESSION.zlib,
  Z0: COMPRESSION.none,
  Z1: COMPRESSION.zip,
  Z2: COMPRESSION.zlib,
};

/** `--compress-algo` takes more words than a list of preferences does. */
const COMPRESS_ALGO: Readonly<Record<string, Compression>> = {
  ...COMPRESSIONS,
  NONE: COMPRESSION.none,
  '0': COMPRESSION.none,
  '1': COMPRESSION.zip,
  '2': COMPRESSION.zlib,
};

const HASH: Readonly<Record<string, number>> = {
  SHA1: 2,
  SHA256: 8,
  SHA384: 9,
  SHA512: 10,
  SHA224: 11,
  H2: 2,
  H8: 8,
  H9: 9,
  H10: 10,
  H11: 11,
};

function oneOf<T>(words: Readonly<Record<string, T>>, use: (found: T) => BodyOptions): Meaning {
  return (value) => {
    const found = words[value.toUpperCase()];
    return found === undefined ? undefined : use(found);
  };
}

/** Of a list of preferences, the first word counts: gpg uses it where no recipient has a say. */
function firstOf<T>(words: Readonly<Record<string, T>>, use: (found: T) => BodyOptions): Meaning {
  return (value) => {
    const found = words[(value.split(/[ ,]+/)[0] ?? '').toUpperCase()];
    return found === undefined ? undefined : use(found);
  };
}

function number(least: number, most: number, use: (found: number) => BodyOptions): Meaning {
  return (value) => {
    const found = /^\d{1,9}$/.test(value) ? Number(value) : -1;
    return found >= least && found <= most ? use(found) : undefined;
  };
}

const LEVEL = number(0, 9, (level) => ({ level }));
const ALGORITHM = oneOf(COMPRESS_ALGO, (compression) => ({ compression }));
const PREFERRED_CIPHER = firstOf(CIPHER, (preferredCipher) => ({ preferredCipher }));
const PREFERRED_COMPRESSION = firstOf(COMPRESSIONS, (preferredCompression) => ({ preferredCompression }));

/** Options that may stand in `--gpg-options` or `gpg.conf` while data are encrypted in this process. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ...HARMLESS_WITH_VALUE.map((name) => [name, 'value'] as const),
  ...HARMLESS_ALONE.map((name) => [name, 'flag'] as const),
  ...Object.entries<Meaning>({
    'cipher-algo': oneOf(CIPHER, (cipher) => ({ cipher })),
    'personal-cipher-preferences': PREFERRED_CIPHER,
    'personal-cipher-prefs': PREFERRED_CIPHER,
    's2k-cipher-algo': oneOf(CIPHER, (s2kCipher) => ({ s2kCipher })),
    's2k-digest-algo': oneOf(HASH, (s2kHash) => ({ s2kHash })),
    's2k-mode': number(3, 3, () => ({})),
    's2k-count': number(0, 999_999_999, (s2kCount) => ({ s2kCount })),
    'compress-algo': ALGORITHM,
    'compression-algo': ALGORITHM,
    'personal-compress-preferences': PREFERRED_COMPRESSION,
    'personal-compress-prefs': PREFERRED_COMPRESSION,
    'compress-level': LEVEL,
    // gpg expands a tilde, in ways of its own.
    homedir: (homedir) => (homedir.startsWith('~') ? undefined : { homedir }),
  }),
]);

const SHORT: Readonly<Record<string, string>> = { z: 'compress-level', u: 'local-user', q: 'quiet', v: 'verbose' };

/** What the words of `--gpg-options` mean for the data; undefined when gpg itself has to be asked. */
export function wordOptions(words: readonly string[]): BodyOptions | undefined {
  let options: BodyOptions | undefined = {};
  for (let at = 0; at < words.length && options;) {
    const { name, value } = splitWord(words[at] ?? '');
    at += 1;
    const meaning = MEANINGS.get(name);
    const next = words[at];
    const takesNext = meaning !== 'flag' && value === undefined && next !== undefined && !next.startsWith('-');
    if (takesNext) at += 1;
    options = apply(options, meaning, takesNext ? next : value);
  }
  return options;
}

/** What a `gpg.conf` means for the data; undefined when gpg itself has to be asked. */
export function confOptions(text: string): BodyOptions | undefined {
  let options: BodyOptions | undefined = {};
  for (const line of text.split('\n')) {
    const [, name = '', value] = /^([^\s#]\S*)(?:\s+(.*))?$/.exec(line.trim()) ?? [];
    if (name !== '' && options) options = apply(options, MEANINGS.get(name), value === '' ? undefined : value);
  }
  return options;
}

function splitWord(word: string): { readonly name: string; readonly value: string | undefined } {
  const long = /^--([^=]+)(?:=(.*))?$/s.exec(word);
  if (long) return { name: long[1] ?? '', value: long[2] };
  const short = /^-([a-z])(.+)?$/s.exec(word);
  return { name: SHORT[short?.[1] ?? ''] ?? '', value: short?.[2] };
}

function apply(before: BodyOptions, meaning: Meaning | undefined, value: string | undefined): BodyOptions | undefined {
  if (meaning === undefined || (meaning === 'flag') !== (value === undefined)) return undefined;
  if (typeof meaning === 'string') return before;
  const found = value === undefined ? undefined : meaning(value);
  return found && { ...before, ...found };
}
