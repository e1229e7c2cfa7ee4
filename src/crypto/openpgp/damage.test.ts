import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { deflateRawSync, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DuplicityError } from '../../errors/errors.ts';
import { askVersion } from '../gpg/run/version.ts';
import { never, randomBytes, textBytes } from '../testing/files.ts';
import { literalPacket, symmetricMessage, WITHOUT_GPG } from '../testing/openpgp.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { openPgpReader } from './decrypt.ts';
import { lengthBytes, packet, partialLengthByte, tagByte, TAG } from './packets/packet.ts';

/** Hand-made messages, sound and damaged, read where there is no gpg. */

interface Outcome {
  /** Bytes released before the end or the failure. */
  readonly released: Buffer;
  readonly error: unknown;
  readonly isLeftToGpg: boolean;
  readonly warnings: readonly string[];
  readonly blocks: readonly number[];
}

async function read(path: string, message: Buffer, reuses = false): Promise<Outcome> {
  writeFileSync(path, message);
  const warnings: string[] = [];
  let isLeftToGpg = false;
  const open = openPgpReader(WITHOUT_GPG, {
    version: () => askVersion(WITHOUT_GPG),
    fallback() {
      isLeftToGpg = true;
      return Readable.from([]);
    },
    warn: (text) => void warnings.push(text),
  });
  const parts: Buffer[] = [];
  let error: unknown;
  try {
    const options = { name: 'vol3', signal: never, reuses };
    for await (const block of open(path, options)) parts.push(Buffer.from(block));
  } catch (caught) {
    error = caught;
  }
  return { released: Buffer.concat(parts), error, isLeftToGpg, warnings, blocks: parts.map(({ length }) => length) };
}

/** How reading ended, in a word; anything else than these is a bug. */
function ending({ error, isLeftToGpg, released }: Outcome): string {
  if (error instanceof DuplicityError) return `${error.name} ${error.exitCode}, ${released.length} bytes`;
  if (error !== undefined) return `bug: ${inspect(error)}`;
  return isLeftToGpg ? `left to gpg, ${released.length} bytes` : 'read';
}

const DAMAGED = 'IntegrityError 31, 0 bytes';
const WRONG = 'CryptoError 31, 0 bytes';
const LEFT = 'left to gpg, 0 bytes';

async function readOnce(message: Buffer, reuses = false): Promise<Outcome> {
  return await read(join(tempDir(), 'f'), message, reuses);
}

const sealed = (inner: Buffer): Buffer => symmetricMessage('golden', inner, true);
const compressed = (algorithm: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([0xa3, algorithm]), body]);
const TEXT = textBytes(700);

const SOUND: readonly [string, Buffer][] = [
  ['not compressed', literalPacket(TEXT)],
  ['as ZIP', compressed(1, deflateRawSync(literalPacket(TEXT)))],
  ['as ZLIB', compressed(2, deflateSync(literalPacket(TEXT)))],
  ['in an uncompressed packet', compressed(0, literalPacket(TEXT))],
  ['as ZIP in ZLIB', compressed(2, deflateSync(compressed(1, deflateRawSync(literalPacket(TEXT)))))],
  [
    'in a packet with a length',
    packet(TAG.compressed, Buffer.concat([Buffer.of(1), deflateRawSync(literalPacket(TEXT))])),
  ],
  [
    'behind markers',
    Buffer.concat([packet(10, Buffer.from('PGP')), literalPacket(TEXT), packet(10, Buffer.from('PGP'))]),
  ],
  ['in parts', inParts(TAG.literal, literalBody(TEXT), [4, 0, 9, 2])],
  ['in a packet of the old form', oldPacket(TAG.literal, literalBody(TEXT))],
  ['with a name', packet(TAG.literal, Buffer.concat([Buffer.from('b\u0005hello'), Buffer.alloc(4), TEXT]))],
];

function literalBody(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from('b'), Buffer.alloc(5), content]);
}

function oldPacket(tag: number, body: Buffer): Buffer {
  const head = Buffer.from([0x80 | (tag << 2) | 1, 0, 0]);
  head.writeUInt16BE(body.length, 1);
  return Buffer.concat([head, body]);
}

function nested(levels: number): Buffer {
  let inner: Buffer = literalPacket(TEXT);
  for (let n = 0; n < levels; n++) inner = compressed(0, inner);
  return inner;
}

/** A packet whose first parts have 2 to the power of these numbers. */
function inParts(tag: number, body: Buffer, exponents: readonly number[]): Buffer {
  const out: Buffer[] = [Buffer.from([tagByte(tag)])];
  let at = 0;
  for (const exponent of exponents) {
    const bytes = 2 ** exponent;
    if (at + bytes > body.length) continue;
    out.push(Buffer.from([partialLengthByte(exponent)]), body.subarray(at, at + bytes));
    at += bytes;
  }
  out.push(lengthBytes(body.length - at), body.subarray(at));
  return Buffer.concat(out);
}

/** The same message with its data packet in parts. */
function dataInParts(message: Buffer, exponents: readonly number[]): Buffer {
  // A packet of 18 bytes with the salt, then the header of the data: a tag and a long length.
  const session = 6 + 12;
  return Buffer.concat([message.subarray(0, session), inParts(TAG.sealed, message.subarray(session + 6), exponents)]);
}

test.each(SOUND)('data %s are read', async (_what, inner) => {
  for (const message of [sealed(inner), dataInParts(sealed(inner), [9, 3, 0, 0, 6])]) {
    expect(await readOnce(message)).toMatchObject({
      released: TEXT,
      error: undefined,
      isLeftToGpg: false,
      warnings: [],
    });
  }
});

test.each([
  ['text', packet(TAG.literal, Buffer.concat([Buffer.from('t'), Buffer.alloc(5), TEXT]))],
  ['BZIP2', compressed(3, TEXT)],
  ['an empty message', Buffer.alloc(0)],
  ['encryption in encryption', sealed(literalPacket(TEXT))],
  ['damaged compressed data', compressed(1, randomBytes(500))],
  ['nothing compressed', packet(TAG.compressed, Buffer.alloc(0))],
  ['a packet that ends too late', Buffer.from([0xcb, 50, 98])],
  ['no packet', Buffer.alloc(30, 0x20)],
  ['compression without end', nested(20)],
])('%s is left to gpg, with nothing released', async (_what, inner) => {
  expect(await readOnce(sealed(inner))).toMatchObject({ isLeftToGpg: true, error: undefined, blocks: [] });
});

test.each([
  [
    'compressed data that end too early',
    compressed(1, deflateRawSync(literalPacket(randomBytes(300_000))).subarray(0, -9)),
  ],
  ['a second literal', Buffer.concat([literalPacket(TEXT), literalPacket(TEXT)])],
  [
    'bytes behind the compressed data',
    compressed(1, Buffer.concat([deflateRawSync(literalPacket(TEXT)), Buffer.from('x')])),
  ],
])('%s behind data that are sound is damage', async (_what, inner) => {
  const { error } = await readOnce(sealed(inner));
  expect(error).toMatchObject({ name: 'IntegrityError', code: 'GPG_FAILED', exception: 'GPGError', exitCode: 31 });
  expect((error as Error).message).toMatch(/===== End GnuPG log =====\nCannot decrypt vol3: /);
});

test('a stray byte 14 behind the data is a warning wherever it stands', async () => {
  const stray = Buffer.from([0x14]);
  for (const message of [
    sealed(Buffer.concat([literalPacket(TEXT), stray])),
    sealed(compressed(1, Buffer.concat([deflateRawSync(literalPacket(TEXT)), stray]))),
    Buffer.concat([sealed(literalPacket(TEXT)), stray]),
  ]) {
    const { released, error, warnings } = await readOnce(message);
    expect(error).toBeUndefined();
    expect(released).toEqual(TEXT);
    expect(warnings).toEqual([expect.stringContaining('invalid packet (ctb=14)')]);
  }
});

/** A sound message in parts, small enough to change every byte of it. */
const SMALL = dataInParts(sealed(compressed(1, deflateRawSync(literalPacket(TEXT)))), [5, 0, 7]);

/** Where the ciphertext of the small message begins, and where what tells a wrong passphrase ends. */
const CIPHERTEXT = 18 + 3;
const TELLTALE = CIPHERTEXT + 18 + 1;

test('a message with any byte changed is never released, and fails as planned', async () => {
  const path = join(tempDir(), 'f');
  for (let at = 0; at < SMALL.length; at++) {
    const allowed = at < CIPHERTEXT ? [DAMAGED, WRONG, LEFT] : at < TELLTALE ? [DAMAGED, WRONG] : [DAMAGED];
    for (const change of [1, 0x80, 0xff]) {
      const message = Buffer.from(SMALL);
      message[at] = (message[at] ?? 0) ^ change;
      expect({ at, change, allowed }).toMatchObject({
        allowed: expect.arrayContaining([ending(await read(path, message))]) as string[],
      });
    }
  }
});

test('a message cut anywhere is never released, and fails as planned', async () => {
  const path = join(tempDir(), 'f');
  for (let length = 0; length < SMALL.length; length++) {
    const expected = length < CIPHERTEXT ? LEFT : DAMAGED;
    expect(`${length}: ${ending(await read(path, SMALL.subarray(0, length)))}`).toBe(`${length}: ${expected}`);
  }
});

test('any bytes behind the message keep it from being released', async () => {
  for (const trailing of [Buffer.alloc(50), Buffer.from([0x15]), sealed(literalPacket(TEXT))]) {
    const { error, blocks } = await readOnce(Buffer.concat([SMALL, trailing]));
    expect(error).toMatchObject({ name: 'IntegrityError', exitCode: 31 });
    expect(blocks).toEqual([]);
  }
});

test('a large message that is changed at its end is not released either', async () => {
  const message = sealed(literalPacket(randomBytes(6_000_000)));
  message[message.length - 30] = (message[message.length - 30] ?? 0) ^ 1;
  const { error, blocks } = await readOnce(message);
  expect(error).toMatchObject({ name: 'IntegrityError', exitCode: 31 });
  expect((error as Error).message).toContain('encrypted message has been manipulated!');
  expect(blocks).toEqual([]);
});

test('a wrong passphrase is told without gpg', async () => {
  const { error, blocks } = await readOnce(symmetricMessage('another', literalPacket(TEXT), true));
  expect(error).toMatchObject({ name: 'CryptoError', exitCode: 31, exception: 'GPGError' });
  expect((error as Error).message).toContain('gpg: decryption failed: Bad session key\n');
  expect(blocks).toEqual([]);
});

/** Sizes at which a piece, or the kept message, ends within the prefix, the code or a block of the cipher. */
const PIECE = 256 * 1024;
const EDGES = [0, 1, 15, 16, 17, 31, 32, 33];
test.each([0, PIECE - 96, PIECE - 64, 2 * PIECE - 80, 4 * 1024 * 1024 - 200])(
  '%i bytes and a few more come back',
  async (base) => {
    const path = join(tempDir(), 'f');
    for (const edge of EDGES) {
      const content = randomBytes(base + edge, base + edge + 1);
      for (const message of [
        sealed(literalPacket(content)),
        dataInParts(sealed(literalPacket(content)), [12, 1, 16, 0]),
      ]) {
        const { released, error } = await read(path, message, edge % 2 === 0);
        expect(error).toBeUndefined();
        expect(released.equals(content)).toBe(true);
      }
    }
  },
);

test('blocks have 64 KiB and more, whether memory is reused or not', async () => {
  const content = Buffer.concat([textBytes(3_000_000), randomBytes(3_000_000)]);
  for (const inner of [literalPacket(content), compressed(1, deflateRawSync(literalPacket(content)))]) {
    for (const reuses of [false, true]) {
      const { released, blocks } = await readOnce(sealed(inner), reuses);
      expect(released.equals(content)).toBe(true);
      expect(Math.min(...blocks.slice(0, -1))).toBeGreaterThanOrEqual(65_536);
    }
  }
});

test('whatever stands in a sound envelope, reading it ends in data, in a planned failure or with gpg', async () => {
  const path = join(tempDir(), 'f');
  const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
  const part = fc.oneof(
    bytes,
    bytes.map(literalPacket),
    bytes.map((body) => compressed(1, deflateRawSync(literalPacket(body)))),
    bytes.map((body) => packet(TAG.onePassSignature, body)),
    fc.tuple(fc.nat(63), bytes).map(([tag, body]) => packet(tag, body)),
  );
  const inner = fc.array(part, { maxLength: 4 }).map((parts) => Buffer.concat(parts));
  await fc.assert(
    fc.asyncProperty(inner, fc.boolean(), async (packets, isCompressed) => {
      const message = sealed(isCompressed ? compressed(2, deflateSync(packets)) : packets);
      expect(ending(await read(path, message))).toMatch(/^(read|left to gpg, 0 bytes|IntegrityError 31, \d+ bytes)$/);
    }),
    { numRuns: 400 },
  );
});

test('whatever a file holds, reading it ends in its data, in a planned failure or with gpg', async () => {
  const path = join(tempDir(), 'f');
  const change = fc.tuple(fc.nat(SMALL.length - 1), fc.nat(255));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 5 }), fc.nat(SMALL.length), async (changes, length) => {
      const message = Buffer.from(SMALL);
      for (const [at, byte] of changes) message[at] = byte;
      const isSound = message.equals(SMALL) && length === SMALL.length;
      const outcome = await read(path, message.subarray(0, length));
      expect(isSound ? ['read'] : [DAMAGED, WRONG, LEFT]).toContain(ending(outcome));
      expect(outcome.released.equals(isSound ? TEXT : Buffer.alloc(0))).toBe(true);
    }),
    { numRuns: 400 },
  );
});
