import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { bytePath, ROOT } from '../../util/bytepath.ts';
import { type FileChange, type Manifest, volumesFor } from './manifest.ts';
import { readManifest } from './manifest-reader.ts';

const DATA = new URL('../../../test/golden/data/', import.meta.url);

/** Each is valid until the next one is asked for. */
async function* blocks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  const block = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) yield block.subarray(0, bytes.copy(block, 0, at, at + size));
}

function read(text: string, options: Parameters<typeof readManifest>[1] = {}): Promise<Manifest> {
  return readManifest(blocks(Buffer.from(text, 'latin1'), 7), options);
}

const TWO = `Hostname golden.example.org
Localdir "a\\x20dir"
Volume 1:
    StartingPath   .  
    EndingPath     big.bin 15
    Hash SHA1 aa
Volume 2:
    StartingPath   big.bin 16
    EndingPath     types/fifo  
    Hash SHA1 bb
Filelist 2
    new      a.txt
    changed  "dir/new\\x0aline"
`;

describe('a manifest', () => {
  test('is read with its volumes, and its files go to whoever asks', async () => {
    const files: [FileChange, string][] = [];
    const manifest = await read(TWO, { onFile: (change, path) => files.push([change, path]) });
    expect(manifest).toEqual({
      hostname: 'golden.example.org',
      localDir: 'a dir',
      volumes: [
        { number: 1, start: { path: '' }, end: { path: 'big.bin', block: 15 }, hashes: new Map([['SHA1', 'aa']]) },
        {
          number: 2,
          start: { path: 'big.bin', block: 16 },
          end: { path: 'types/fifo' },
          hashes: new Map([['SHA1', 'bb']]),
        },
      ],
      records: 2,
      fileList: { announced: 2, found: 2 },
    });
    expect(files).toEqual([
      ['new', 'a.txt'],
      ['changed', 'dir/new\nline'],
    ]);
  });

  test('may have its file list before the volumes', async () => {
    const list = TWO.slice(TWO.indexOf('Filelist'));
    const files: string[] = [];
    const moved = TWO.replace(list, '').replace('Volume 1', () => `${list}Volume 1`);
    const manifest = await read(moved, { onFile: (_change, path) => files.push(path) });
    expect(manifest).toEqual(await read(TWO));
    expect(files).toEqual(['a.txt', 'dir/new\nline']);
  });

  test('may have keywords in any case, lines in any order, lines nobody knows, and MD5', async () => {
    const manifest = await read(
      `garbage\nvolume 7\n\tHASH md5 cc\nEndingPath b\n  Colour red\n  hash SHA256 ff\n  STARTINGPATH 'a'  3 \n\nLOCALDIR x y\n`,
    );
    expect(manifest.localDir).toBe('x y');
    expect(manifest.hostname).toBeUndefined();
    expect(manifest.volumes).toEqual([
      {
        number: 7,
        start: { path: 'a', block: 3 },
        end: { path: 'b' },
        hashes: new Map([
          ['MD5', 'cc'],
          ['SHA256', 'ff'],
        ]),
      },
    ]);
  });

  test('may lack hashes', async () => {
    const manifest = await read('Volume 1:\n StartingPath .\n EndingPath .\n');
    expect(manifest.volumes[0]?.hashes.size).toBe(0);
    expect(manifest.volumes[0]?.start).toEqual({ path: ROOT });
  });

  test('keeps bytes that JavaScript takes for white space', async () => {
    const manifest = await read('Volume 1:\n StartingPath \u00a0\u0085  \n EndingPath \u001c\u00a0 4\n');
    expect(manifest.volumes[0]?.start).toEqual({ path: '\u00a0\u0085' });
    expect(manifest.volumes[0]?.end).toEqual({ path: '\u001c\u00a0', block: 4 });
  });

  test('of a resumed backup: later records replace earlier ones and cut off what followed', async () => {
    const record = (n: number, hash: string): string =>
      `Volume ${n}:\n    StartingPath   .  \n    EndingPath     .  \n    Hash SHA1 ${hash}\n`;
    const manifest = await read(
      record(1, 'a') + record(2, 'b') + record(3, 'c') + record(4, 'd') + record(2, 'e') + record(3, 'f'),
    );
    expect(manifest.volumes.map((volume) => `${volume.number}${volume.hashes.get('SHA1')}`)).toEqual([
      '1a',
      '2e',
      '3f',
    ]);
    expect(manifest.records).toBe(6);
  });

  test.each([
    ['Volume x:\n', 'names no volume', 1],
    ['Volume 0:\n', 'names no volume', 1],
    ['Volume 4:\n EndingPath a\n', 'volume 4, which has no StartingPath', 1],
    ['Hostname h\nVolume 4:\n StartingPath a\nVolume 5:\n', 'volume 4, which has no EndingPath', 2],
    ['Volume 4:\n StartingPath \n', 'holds no path', 2],
    ['Volume 4:\n StartingPath a b\n', 'holds no path', 2],
    ['Volume 4:\n StartingPath "a\\x"\n', 'damaged quoted text', 2],
    ['Volume 4:\n Hash SHA1\n', 'holds no hash', 2],
    ['Localdir "a\n', 'damaged quoted text', 1],
  ])('that says %j is damaged', async (text, what, line) => {
    const error = await read(text, { name: 'm.manifest' }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'IntegrityError', code: 'DAMAGED' });
    expect(String(error)).toContain(what);
    expect(String(error)).toContain(`m.manifest: line ${line} `);
  });

  test('without line ends is refused before it fills the memory', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) yield Buffer.alloc(65_536, 'x');
    }
    await expect(readManifest(endless())).rejects.toMatchObject({ code: 'DAMAGED' });
  });

  test('whose file list was cut says so', async () => {
    const manifest = await read(TWO.replace(/ +changed.*\n/, ''));
    expect(manifest.fileList).toEqual({ announced: 2, found: 1 });
  });

  test.each([
    ['Volume 2:\n    Starting', 1],
    ['Volume 2:\n    StartingPath   b  \n    EndingPath     c  \n', 1],
    ['Volume 2:\n    StartingPath   b  \n    EndingPath     c  \n    Hash SHA1 0a', 1],
    ['Volume 2:\n    StartingPath   b  \n    EndingPath     c  \n    Hash SHA1 0a0b\n', 2],
    ['Volume 1:\n    StartingPath   b  \n    EndingPath     c  \n    Hash SHA1', 1],
  ])('of an unfinished backup that ends in %j has its whole records', async (rest, count) => {
    const head = 'Volume 1:\n    StartingPath   .  \n    EndingPath     a  \n    Hash SHA1 aa\n';
    const manifest = await read(head + rest, { partial: true });
    expect(manifest.volumes).toHaveLength(count);
    expect(manifest.volumes[0]?.end.path).toBe('a');
  });

  test('of the reference after a resumed backup', async () => {
    const bytes = readFileSync(new URL('restarted/duplicity-full.20231114T221320Z.manifest', DATA));
    const files: string[] = [];
    const manifest = await readManifest(blocks(bytes, 100), { onFile: (_change, path) => files.push(path) });
    expect(manifest.volumes.map((volume) => volume.number)).toEqual([1, 2, 3]);
    expect(manifest.volumes[2]?.hashes.get('SHA1')).toBe('f34b0f45901a7107196295a2469482ad9a1a85bb');
    expect(manifest.records).toBe(4);
    expect(files).toEqual(['a.txt', 'big.txt', 'c/mid', 'z.txt']);
  });
});

describe('the volumes for a path', () => {
  const text = (start: string, end: string, n: number): string =>
    `Volume ${n}:\n StartingPath ${start}\n EndingPath ${end}\n`;
  const manifest = read(text('.', 'a/m', 1) + text('a/m/x', 'b', 2) + text('b', 'b/c/d', 3) + text('b/c/e', 'z', 4));

  test.each([
    ['', [1, 2, 3, 4]],
    ['a', [1, 2]],
    ['a/m', [1, 2]],
    ['a/m/y', [2]],
    ['b', [2, 3, 4]],
    ['b/c', [3, 4]],
    ['b/c/d', [3]],
    ['b/c/d/q', []],
    ['b c', [4]],
    ['zz', []],
  ])('%j', async (path, numbers) => {
    expect(volumesFor(await manifest, bytePath(path)).map((volume) => volume.number)).toEqual(numbers);
  });
});

test('records in any order are all taken when none comes twice, as 0.8.22 replicates sets', async () => {
  const record = (n: number): string => `Volume ${n}:\n StartingPath a${n}\n EndingPath a${n}\n`;
  const { volumes } = await read(record(2) + record(3) + record(1));
  expect(volumes.map(({ number }) => number)).toEqual([1, 2, 3]);
});
