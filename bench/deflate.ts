// The deflate encoder beside zlib's level 4, in CPU time: npx tsx bench/deflate.ts [rounds] [corpora]
// Needs a Debian machine with libc6-dev (headers) for the whole of it; what is not there is left out.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { createKernel } from '../src/crypto/deflate/kernel/kernel.ts';
import { DEFAULT_LEVEL } from '../src/crypto/deflate/deflate-stream.ts';
import { drawn } from '../src/crypto/deflate/kernel/testing.ts';
import { makeBig, makeSmall } from './corpus.mjs';

const ROUNDS = Number(process.argv[2] ?? 7);
const WANTED = process.argv[3]?.split(',');
const CORPUS_BYTES = 24_000_000;
const PIECE_BYTES = 256 * 1024;
const WINDOW_BYTES = 32 * 1024;

const kernel = createKernel();
if (kernel === undefined) throw new Error('this Node.js runs no WebAssembly with SIMD');

type Encoder = (piece: Buffer, isLast: boolean, before?: Buffer) => Buffer;

const own: Encoder = (piece, isLast, before) => kernel.deflate(piece, before, isLast);

/** The call of the program on this thread; through the pool it costs a tenth more. */
const zlib: Encoder = (piece, isLast, before) =>
  deflateRawSync(piece, {
    level: DEFAULT_LEVEL,
    memLevel: 9,
    chunkSize: piece.length + 1024,
    finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(before === undefined ? {} : { dictionary: before }),
  });

/** Seconds of CPU, and bytes that came of it. */
function run(bytes: Buffer, encoder: Encoder, keep?: Buffer[]): { seconds: number; size: number } {
  const start = process.cpuUsage();
  let size = 0;
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
    const before = at === 0 ? undefined : bytes.subarray(at - WINDOW_BYTES, at);
    const output = encoder(bytes.subarray(at, at + PIECE_BYTES), at + PIECE_BYTES >= bytes.length, before);
    size += output.length;
    keep?.push(Buffer.from(output));
  }
  const { user, system } = process.cpuUsage(start);
  return { seconds: (user + system) / 1e6, size };
}

/** Every so many-th file of the directories, one after the other. */
function files(roots: readonly string[], isWanted: (path: string) => boolean, step: number): Buffer {
  const paths = roots.flatMap((root) => walk(root)).filter(isWanted);
  const seen = new Set<string>();
  const parts: Buffer[] = [];
  let length = 0;
  for (const [n, path] of paths.entries()) {
    if (n % step !== 0 || length >= CORPUS_BYTES) continue;
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) continue;
    const real = realpathSync(path);
    if (seen.has(real)) continue;
    seen.add(real);
    const content = readFileSync(real);
    parts.push(content);
    length += content.length;
  }
  return Buffer.concat(parts).subarray(0, CORPUS_BYTES);
}

function walk(root: string): string[] {
  try {
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .map((name) => `${root}/${name}`)
      .toSorted();
  } catch {
    return [];
  }
}

function accessLog(): Buffer {
  const draw = drawn(3);
  const words = 'accept archive batch block cache chain client config delta event fetch filter group'.split(' ');
  const word = (): string => words[draw(words.length)] ?? '';
  const addresses = Array.from({ length: 400 }, () => [draw(256), draw(256), draw(256), draw(256)].join('.'));
  const agents = [
    'Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
    'curl/7.88.1',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  ];
  const lines: string[] = [];
  for (let length = 0, time = 1_700_000_000; length < CORPUS_BYTES;) {
    time += draw(3);
    const when = new Date(time * 1000).toUTCString().slice(5, 25).replace(/ /g, '/');
    const line =
      `${addresses[draw(400)]} - - [${when} +0000] "GET /${word()}/${word()}-${draw(500)}.html HTTP/1.1" ` +
      `${draw(20) > 0 ? 200 : 404} ${draw(30_000)} "https://example.org/${word()}" "${agents[draw(4)]}"\n`;
    lines.push(line);
    length += line.length;
  }
  return Buffer.from(lines.join(''), 'latin1');
}

/** What `make` puts into a directory of its own. */
function made(make: (directory: string) => void, read: (directory: string) => Buffer): Buffer {
  const directory = mkdtempSync(`${tmpdir()}/deflate-`);
  try {
    make(`${directory}/tree`);
    return read(`${directory}/tree`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const node = new URL('../node_modules', import.meta.url).pathname;
const CORPORA: Record<string, () => Buffer> = {
  text: () => files(['/usr/include', node, '/usr/share/doc'], (path) => /\.(?:h|m?js|md|txt|d\.ts)$/.test(path), 9),
  log: () =>
    made(
      (tree) => makeBig(tree, { bytes: 8 * CORPUS_BYTES }),
      (tree) => readFileSync(`${tree}/server-1.log`),
    ),
  'access log': accessLog,
  programs: () => files(['/usr/bin', '/usr/lib'], (path) => /\.so(?:\.|$)|^\/usr\/bin\//.test(path), 7),
  'small files': () =>
    made(
      (tree) => makeSmall(tree, { files: 3500 }),
      (tree) => spawnSync('tar', ['cf', '-', '-C', tree, '.'], { maxBuffer: 2 ** 30 }).stdout,
    ),
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

console.log('corpus         zlib MB/s  out %   own MB/s   speed [lowest-highest]   size');
for (const [name, make] of Object.entries(CORPORA)) {
  if (WANTED !== undefined && !WANTED.includes(name)) continue;
  const bytes = make();
  if (bytes.length < PIECE_BYTES) continue;
  const outputs: Buffer[] = [];
  const { size } = run(bytes, own, outputs);
  if (!inflateRawSync(Buffer.concat(outputs)).equals(bytes)) throw new Error(`${name} does not come back`);
  const pairs = Array.from({ length: ROUNDS }, (_, n) => {
    const first = run(bytes, n % 2 === 0 ? own : zlib);
    const second = run(bytes, n % 2 === 0 ? zlib : own);
    return n % 2 === 0 ? { own: first, zlib: second } : { own: second, zlib: first };
  });
  const ratios = pairs.map((pair) => pair.zlib.seconds / pair.own.seconds);
  const speed = (seconds: readonly number[]): string => (bytes.length / median(seconds) / 1e6).toFixed(0);
  const zlibSize = pairs[0]?.zlib.size ?? 1;
  console.log(
    name.padEnd(12),
    speed(pairs.map((pair) => pair.zlib.seconds)).padStart(11),
    ((100 * zlibSize) / bytes.length).toFixed(1).padStart(6),
    speed(pairs.map((pair) => pair.own.seconds)).padStart(10),
    `${median(ratios).toFixed(2)} [${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}]`.padStart(24),
    (size / zlibSize).toFixed(3).padStart(8),
  );
}
