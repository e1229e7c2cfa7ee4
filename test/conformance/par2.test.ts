import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

import { beforeEach, describe, expect, test } from 'vitest';

import type { Backend, Body, Bytes, Call } from '../../src/backends/backend.ts';
import { CannotCopyError } from '../../src/errors/errors.ts';
import { localBackend } from '../../src/backends/local/local.ts';
import { openPar2 } from '../../src/backends/par2/par2.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { memoryBackend } from '../../src/testing/memory-backend.ts';
import { openOptions } from '../support/open-options.ts';
import { noise } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';

const call: Call = { signal: new AbortController().signal };

describe.runIf(requireTool('par2'))('par2', () => {
  // Few blocks: what par2 computes is not what is tested here.
  const quick = openOptions({ settings: { par2Options: '-b10' } });
  conformance('par2+', async () => openPar2(memoryBackend(), quick), { names: 20 });

  let directory: string;
  let backend: Backend;
  const options = openOptions({ settings: { par2Options: '-b100' } });
  beforeEach(() => {
    directory = tempDir();
    options.said.length = 0;
    backend = openPar2(localBackend(directory), options);
  });

  test('par2+file puts recovery files beside each file, with the names of the reference', async () => {
    const opened = await openBackend(parseUrl(`par2+file://${directory}`), options);
    await opened.put('name.gpg', bodyOf(noise(50_000)), call);
    expect(readdirSync(directory).sort()).toEqual([
      'name.gpg',
      'name.gpg.par2',
      expect.stringMatching(/^name\.gpg\.vol\d+\+\d+\.par2$/),
    ]);
    expect(await namesOf(opened)).toEqual(['name.gpg']);
  });

  test('a damaged file is repaired on its way, and a warning says so', async () => {
    const content = noise(200_000);
    await backend.put('name', bodyOf(content), call);
    const damaged = Buffer.from(content).fill(0, 5000, 5100);
    writeFileSync(`${directory}/name`, damaged);
    expect((await contentOf(backend, 'name')).equals(content)).toBe(true);
    expect(options.said).toEqual(['name was damaged on the remote; par2 has repaired the fetched copy.']);
    expect(readFileSync(`${directory}/name`).equals(damaged)).toBe(true);
  });

  test('what cannot be repaired is handed on as it is, with a warning', async () => {
    await backend.put('name', bodyOf(noise(100_000)), call);
    const damaged = noise(100_000, 7);
    writeFileSync(`${directory}/name`, damaged);
    expect((await contentOf(backend, 'name')).equals(damaged)).toBe(true);
    expect(options.said).toEqual([expect.stringMatching(/^name is damaged and par2 cannot repair it: /)]);
  });

  test('a file without recovery files is handed on', async () => {
    writeFileSync(`${directory}/alone`, 'content');
    expect((await contentOf(backend, 'alone')).toString()).toBe('content');
    expect(options.said).toEqual([]);
  });

  test('a damaged recovery file does no harm', async () => {
    const content = noise(30_000);
    await backend.put('name', bodyOf(content), call);
    writeFileSync(`${directory}/name.par2`, 'nothing of use');
    expect((await contentOf(backend, 'name')).equals(content)).toBe(true);
  });

  test('delete removes the recovery files of that name and of no other', async () => {
    for (const name of ['a', 'a.b', 'ab']) await backend.put(name, bodyOf(noise(1000)), call);
    const fresh = openPar2(localBackend(directory), options);
    await fresh.delete('a', call);
    expect(await namesOf(fresh)).toEqual(['a.b', 'ab']);
    expect(readdirSync(directory).filter((name) => /^a\.(vol|par2)/.test(name))).toEqual([]);
    expect(readdirSync(directory).filter((name) => /^ab?\.b?.*par2$/.test(name)).length).toBe(4);
  });

  test('a copy has recovery files of its own, with which par2 and a get find it whole, or repair it', async () => {
    const content = noise(200_000);
    const volume = 'duplicity-full.20260101T000000Z.vol1.difftar.gpg';
    await backend.put('of another length', bodyOf(content), call);
    await backend.copy?.('of another length', volume, call);
    await backend.delete('of another length', call);
    const verify = (): number | null =>
      spawnSync('par2', ['v', '-q', '-q', `${volume}.par2`], { cwd: directory }).status;
    expect([readdirSync(directory).length, verify()]).toEqual([3, 0]);
    const damaged = Buffer.from(content).fill(0, 5000, 5100);
    writeFileSync(`${directory}/${volume}`, damaged);
    expect(verify()).toBe(1);
    expect((await contentOf(openPar2(localBackend(directory), options), volume)).equals(content)).toBe(true);
    expect(options.said).toEqual([`${volume} was damaged on the remote; par2 has repaired the fetched copy.`]);
  });

  test('a copy takes the place of another one, with its recovery files', async () => {
    await backend.put('new', bodyOf(noise(400_000)), call);
    await backend.put('old', bodyOf(noise(300)), call);
    await namesOf(backend);
    await backend.copy?.('old', 'new', call);
    expect(readdirSync(directory).filter((name) => name.startsWith('new')).length).toBe(3);
    expect((await contentOf(backend, 'new')).length).toBe(300);
    expect(options.said).toEqual([]);
  });

  test('a file without recovery files, or with damaged ones, is not copied', async () => {
    writeFileSync(`${directory}/alone`, 'content');
    await backend.put('old', bodyOf(noise(30_000)), call);
    for (const damage of ['.par2', /\.vol\d+/]) {
      const file = readdirSync(directory).find(
        (name) => name.startsWith('old') && name.slice(3).match(damage)?.index === 0,
      );
      const path = `${directory}/${file}`;
      const whole = readFileSync(path);
      writeFileSync(path, Buffer.from(whole).fill(0xff, 100, 110));
      for (const from of ['alone', 'old']) {
        const failure = await Promise.resolve(backend.copy?.(from, 'new', call)).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(CannotCopyError);
        expect(failure).toMatchObject({ isForGood: false });
      }
      writeFileSync(path, whole);
    }
    expect(readdirSync(directory).filter((name) => name.startsWith('new'))).toEqual([]);
  });

  test('a second put leaves no recovery file of the first', async () => {
    await backend.put('name', bodyOf(noise(400_000)), call);
    await namesOf(backend);
    await backend.put('name', bodyOf(noise(300)), call);
    expect(readdirSync(directory).length).toBe(3);
    expect((await contentOf(backend, 'name')).length).toBe(300);
  });

  test('--par2-redundancy, --par2-volumes and --par2-options reach par2', async () => {
    const settings = { par2Redundancy: 50, par2Volumes: 3, par2Options: '-b200 "-m16"' };
    const more = openPar2(localBackend(directory), openOptions({ settings }));
    await more.put('name', bodyOf(noise(40_000)), call);
    const volumes = readdirSync(directory).filter((name) => name.includes('.vol'));
    const blocks = volumes.map((name) => Number(/\+(\d+)\.par2$/.exec(name)?.[1]));
    expect([volumes.length, blocks.reduce((a, b) => a + b, 0)]).toEqual([3, 100]);
  });

  test('a file too small for so many volumes gets one', async () => {
    const more = openPar2(localBackend(directory), openOptions({ settings: { par2Volumes: 9 } }));
    await more.put('name', bodyOf(Buffer.from('small')), call);
    expect(readdirSync(directory).length).toBe(3);
  });

  test('nothing stays in the temporary directory', async () => {
    const temp = tempDir();
    const tidy = openPar2(localBackend(directory), openOptions({ tempDir: () => temp }));
    await tidy.put('name', bodyOf(noise(1000)), call);
    await contentOf(tidy, 'name');
    rmSync(`${directory}/name`);
    await contentOf(tidy, 'name').catch(() => undefined);
    expect(readdirSync(temp)).toEqual([]);
  });
});

test('without par2 the program is named, with its package', async () => {
  const backend = openPar2(memoryBackend(), openOptions({ env: { PATH: tempDir() } }));
  const failure = await backend.put('name', bodyOf(Buffer.from('x')), call).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'BACKEND_COMMAND_ERROR', retryable: false });
  expect(failure).toMatchObject({
    message: expect.stringContaining('par2'),
    hint: expect.stringContaining('package par2'),
  });
});

function bodyOf(content: Buffer): Body {
  async function* blocks(): Bytes {
    yield content;
  }
  return { size: content.length, open: blocks };
}

function contentOf(backend: Backend, name: string): Promise<Buffer> {
  return backend.get(
    name,
    async (bytes) => {
      const blocks: Buffer[] = [];
      for await (const block of bytes) blocks.push(block);
      return Buffer.concat(blocks);
    },
    call,
  );
}

async function namesOf(backend: Backend): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of backend.list(call)) names.push(name);
  return names.sort();
}
