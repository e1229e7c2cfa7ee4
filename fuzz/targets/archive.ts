import { DifftarStream, type OpenVolume } from '../../src/archive/difftar.ts';
import type { EntryStream } from '../../src/archive/entry.ts';
import { mergeStreams } from '../../src/archive/merge.ts';
import { SigtarStream } from '../../src/archive/sigtar.ts';
import { parsePax } from '../../src/archive/tar/pax.ts';
import { TarReader } from '../../src/archive/tar/tar-reader.ts';
import { IntegrityError } from '../../src/errors/errors.ts';
import { golden } from '../golden.ts';
import { readBothWays, streamed } from '../pieces.ts';
import { signed } from '../signed-tar.ts';
import type { Target } from '../target.ts';

const WORDS = [
  'snapshot/', 'diff/', 'deleted/', 'signature/', 'multivol_snapshot/', 'multivol_diff/', '../', '/1', '/2', '././@LongLink',
  'ustar\x0000', 'ustar  \0', '21 hdrcharset=BINARY\n', '12 path=aaaa\n', '13 size=1000\n', '20 mtime=1234567.5\n',
  Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
]; // prettier-ignore

const volumes = (): readonly Buffer[] => [
  ...golden('gz', /vol\d+\.difftar/, 3),
  ...golden('gnutar', /vol\d+\.difftar/, 3),
  ...golden('crafted', /vol\d+\.difftar/, 30),
];
const signatures = (): readonly Buffer[] => [...golden('gz', /sigtar/, 5), ...golden('short', /\.st/, 2)];

async function tar(parts: readonly Buffer[]): Promise<unknown> {
  const reader = new TarReader(streamed(parts), { label: 'a.tar' });
  const seen: unknown[] = [];
  for (;;) {
    const member = await reader.next();
    if (member === undefined) return seen;
    let size = 0;
    for (let block = await reader.read(); block !== undefined; block = await reader.read()) size += block.length;
    seen.push([member, size]);
  }
}

async function* oneVolume(parts: readonly Buffer[], name: string): AsyncGenerator<OpenVolume> {
  yield { name, bytes: streamed(parts) };
}

async function* twoVolumes(parts: readonly Buffer[]): AsyncGenerator<OpenVolume> {
  yield* oneVolume(parts, 'vol1');
  yield* oneVolume(parts, 'vol2');
}

/** As a restore that goes on behind damage reads them. */
async function entries(stream: EntryStream): Promise<unknown> {
  const seen: unknown[] = [];
  for (let left = 100_000; ; left--) {
    if (left === 0) throw new Error('there is no end of entries');
    try {
      const entry = await stream.next();
      if (entry === undefined) return seen;
      let size = 0;
      for (let block = await stream.read(); block !== undefined; block = await stream.read()) size += block.length;
      seen.push([entry, size]);
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      seen.push(error.message);
    }
  }
}

/** Checksums hide most of a reader from changes: an input is read as it is and with those put right. */
async function asIsAndSigned(input: Buffer, read: (parts: readonly Buffer[]) => Promise<unknown>): Promise<void> {
  await readBothWays(input, read);
  await readBothWays(signed(input), read);
}

const warned: unknown[] = [];
const onWarning = (warning: unknown): void => {
  warned[0] = warning;
};

export const ARCHIVE: readonly Target[] = [
  { name: 'tar', words: WORDS, seeds: volumes, read: (input) => asIsAndSigned(input, tar) },
  {
    name: 'pax',
    words: ['path=', 'linkpath=', 'size=', 'mtime=', 'uid=', 'gid=', 'uname=', 'hdrcharset=BINARY'],
    seeds: () => [
      '21 hdrcharset=BINARY\n12 path=aaaa\n',
      '13 size=1000\n20 mtime=1234567.5\n',
      '30 mtime=1350244992.023960108\n\0\0',
    ],
    read: (input) => parsePax(input, new Map(), 'a header'),
  },
  {
    name: 'difftar',
    words: WORDS,
    seeds: volumes,
    read: (input) =>
      asIsAndSigned(input, async (parts) => await entries(new DifftarStream(twoVolumes(parts), { onWarning }))),
  },
  {
    name: 'sigtar',
    words: WORDS,
    seeds: signatures,
    read: (input) =>
      asIsAndSigned(input, async (parts) => {
        const stream = new SigtarStream(streamed(parts), { name: 'a.sigtar', onWarning, setTime: 1_700_000_000 });
        const seen: unknown[] = [];
        for (let entry = await stream.next(); entry !== undefined; entry = await stream.next()) {
          let size = 0;
          for (let block = await stream.read(); block !== undefined; block = await stream.read()) size += block.length;
          seen.push([entry, size]);
        }
        return seen;
      }),
  },
  {
    // Two sets of which each is a half of the input.
    name: 'merge',
    words: WORDS,
    seeds: () =>
      volumes()
        .slice(0, 8)
        .map((volume) => Buffer.concat([volume, volume])),
    read: async (input) => {
      const half = Math.ceil(input.length / 1024) * 512;
      const streams = [input.subarray(0, half), input.subarray(half)].map(
        (part, k) => new DifftarStream(oneVolume([signed(part)], `set ${k}`), { onWarning }),
      );
      const merge = mergeStreams(streams);
      for (let meeting = await merge.next(); meeting !== undefined; meeting = await merge.next());
      await merge.close();
    },
  },
];
