import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { deflateRawSync, deflateSync, gzipSync, inflateRawSync } from 'node:zlib';
import { createKernel } from '../../src/crypto/deflate/kernel/kernel.ts';
import { openPgpReader } from '../../src/crypto/openpgp/decrypt.ts';
import { readLocks } from '../../src/crypto/openpgp/reading/locks.ts';
import { MOST_HEAD_BYTES, parseHead } from '../../src/crypto/openpgp/reading/message-head.ts';
import { splitPackets } from '../../src/crypto/openpgp/packets/split-packets.ts';
import { gunzipFile } from '../../src/crypto/plain/gunzip.ts';
import { literalPacket, symmetricMessage } from '../../src/crypto/testing/openpgp.ts';
import { zlibStep } from '../../src/crypto/zlib-step.ts';
import { DuplicityError, IntegrityError } from '../../src/errors/errors.ts';
import { Secret } from '../../src/util/secret.ts';
import { goldenFiles } from '../golden.ts';
import type { Target } from '../target.ts';

const PASSPHRASE = 'golden';
const never = new AbortController().signal;

let dir: string | undefined;

/** Readers of files get the input as one. */
function fileOf(input: Buffer): string {
  if (dir === undefined) {
    const made = mkdtempSync(`${tmpdir()}/duplicity-fuzz-file-`);
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    dir = made;
  }
  writeFileSync(`${dir}/input`, input);
  return `${dir}/input`;
}

const open = openPgpReader(
  {
    binary: '/nonexistent/gpg',
    options: [],
    recipients: [],
    hiddenRecipients: [],
    useAgent: false,
    passphrase: new Secret(PASSPHRASE),
    compression: true,
    env: {},
  },
  {
    version: () => Promise.reject(new IntegrityError('DAMAGED', 'left to gpg')),
    // What is not understood here is gpg's, and no matter of this reader.
    async *fallback() {
      yield await Promise.reject(new IntegrityError('DAMAGED', 'left to gpg'));
    },
    warn: () => undefined,
  },
);

async function sizeOf(blocks: AsyncIterable<Buffer>): Promise<number> {
  let size = 0;
  for await (const block of blocks) size += block.length;
  return size;
}

async function readMessage(message: Buffer): Promise<void> {
  const head = parseHead(message.subarray(0, MOST_HEAD_BYTES));
  // Without a session of a passphrase gpg is asked.
  if (head === undefined || head.passphraseSessions.length === 0) return;
  const path = fileOf(message);
  const answers = [];
  for (const reuses of [true, false]) {
    answers.push(await sizeOf(open(path, { name: 'a file', signal: never, reuses })).catch(failureOf));
  }
  if (answers[0] !== answers[1]) throw new Error(`it reads as ${answers[0]} and as ${answers[1]}`);
}

/** What of a damaged file is released before that shows depends on the size of blocks, and what is said with it. */
function failureOf(error: unknown): string {
  return failureIn(error) && 'a failure';
}

function failureIn(error: unknown): string {
  if (error instanceof DuplicityError) return error.message;
  throw error;
}

const compressed = (algorithm: number, packets: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from([0xa3, algorithm]),
    algorithm === 1 ? deflateRawSync(packets) : algorithm === 2 ? deflateSync(packets) : packets,
  ]);

/** Each is hashed 65 MB for. */
function manyPassphrases(): Buffer {
  const session = Buffer.from([0xc3, 13, 4, 9, 3, 8, 1, 2, 3, 4, 5, 6, 7, 8, 255]);
  const message = symmetricMessage('another', literalPacket(text), true);
  return Buffer.concat([...Array.from({ length: 300 }, (_, k) => Buffer.from(session).fill(k, 7, 8)), message]);
}

const text = Buffer.from('a line of text that is there\n'.repeat(40));

export const CRYPTO: readonly Target[] = [
  {
    name: 'openpgp',
    seeds: () => [
      ...[goldenFiles('sym', /manifest/), goldenFiles('pub', /manifest/), goldenFiles('short-sym', /\.m/)].flatMap(
        (files) => files.slice(0, 1).map((path): Buffer => readFileSync(path)),
      ),
      symmetricMessage(PASSPHRASE, literalPacket(text), true),
      manyPassphrases(),
      symmetricMessage(PASSPHRASE, literalPacket(text), false),
    ],
    read: async (input) => {
      readLocks(input);
      splitPackets(input);
      await readMessage(input);
    },
  },
  {
    // What lies within the encryption, of someone who knows the passphrase or is believed without one.
    name: 'openpgp-inside',
    words: [
      Buffer.from([0xcb, 0xff]),
      Buffer.from([0xa3, 1]),
      Buffer.from([0xa3, 2]),
      Buffer.from([0xc8, 0xe9, 1]),
      Buffer.from([0xe9]),
      Buffer.from([0xff, 0xff, 0xff, 0xff]),
    ],
    seeds: () => [
      literalPacket(text),
      compressed(1, literalPacket(text)),
      compressed(2, literalPacket(text)),
      compressed(0, literalPacket(text)),
      compressed(1, compressed(2, literalPacket(text))),
      compressed(2, literalPacket(Buffer.alloc(300_000))),
      Buffer.from('90040001080000000000000000000001cb0b620000000000686164656c', 'hex'),
    ],
    read: (input) => readMessage(symmetricMessage(PASSPHRASE, input, true)),
  },
  {
    name: 'gzip',
    words: [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]), Buffer.from([0x1f, 0x8b]), Buffer.alloc(20)],
    seeds: () => [
      gzipSync(text),
      Buffer.concat([gzipSync(text), gzipSync('second'), Buffer.alloc(30)]),
      gzipSync(Buffer.alloc(200_000)),
    ],
    async read(input) {
      const path = fileOf(input);
      const answers: unknown[] = [];
      for (const [reuses, step] of [
        [true, zlibStep('gzip')],
        [false, zlibStep('gzip')],
        [false, undefined],
      ] as const) {
        const blocks = gunzipFile(path, { name: 'a.gz', signal: never, reuses }, step);
        answers.push(await sizeOf(blocks).catch((error: unknown) => failureIn(error).slice(0, 16)));
      }
      if (new Set(answers).size > 1) throw new Error(`it reads as ${answers.join(', as ')}`);
    },
  },
  {
    name: 'deflate',
    seeds: () => [text, Buffer.alloc(3000), Buffer.from(Array.from({ length: 2000 }, (_, k) => (k * 7919) & 255))],
    read(input) {
      const kernel = createdKernel();
      if (kernel === undefined) return;
      const half = input.length >> 1;
      const whole = Buffer.from(kernel.deflate(input, undefined, true));
      const parts = Buffer.concat([
        Buffer.from(kernel.deflate(input.subarray(0, half), undefined, false)),
        Buffer.from(kernel.deflate(input.subarray(half), input.subarray(0, half), true)),
      ]);
      if (!inflateRawSync(whole).equals(input)) throw new Error('what was deflated whole does not come back');
      if (!inflateRawSync(parts).equals(input)) throw new Error('what was deflated in two pieces does not come back');
    },
  },
];

let kernel: ReturnType<typeof createKernel> | false = false;

function createdKernel(): ReturnType<typeof createKernel> {
  if (kernel === false) kernel = createKernel();
  return kernel;
}
