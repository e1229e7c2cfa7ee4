import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { backUp, duplicity, names, PLAIN, put, restoredTree, type Scene, scene, treeOf } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { NOBODY, requireAnotherUser } from '../support/tools.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
});

const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k))];

describe.runIf(requireAnotherUser())('a source that an ordinary user cannot read', () => {
  const asNobody = async (...args: readonly string[]) => duplicity([...PLAIN, ...args], { uid: NOBODY });

  beforeEach(() => {
    s = { ...s, source: `${s.dir}/up/source` };
    put(s.source, { a: 'one', 'd/b': 'two' });
    mkdirSync(s.remote);
    mkdirSync(`${testHome()}/tmp`);
    for (const path of [s.dir, s.remote, testHome(), `${testHome()}/tmp`]) chmodSync(path, 0o777);
  });

  test.each([
    ['a root without permission', () => chmodSync(s.source, 0o700)],
    ['a root that can be listed and not entered', () => chmodSync(s.source, 0o744)],
    ['a parent that cannot be entered', () => chmodSync(`${s.dir}/up`, 0o766)],
    [
      'nothing but what cannot be read',
      () => {
        rmSync(`${s.source}/d`, { recursive: true });
        chmodSync(`${s.source}/a`, 0);
      },
    ],
  ])('%s ends full and increment with an error, and makes no set', async (_what, close) => {
    expect((await asNobody(...at(0), s.source, s.url)).status).toBe(0);
    const before = names(s.remote);
    const whole = treeOf(s.source);
    close();
    for (const [k, kind] of (['full', 'incremental'] as const).entries()) {
      const { status, stderr } = await asNobody(...at(k + 1), kind, s.source, s.url);
      expect({ kind, status, stderr }).toMatchObject({ kind, status: 13 });
      expect(stderr).toContain(`Backup source directory ${s.source} cannot be read`);
    }
    expect(names(s.remote)).toEqual(before);
    expect(await restoredTree(s, 0)).toEqual(whole);
    chmodSync(`${s.dir}/up`, 0o755);
  });

  test('a single file is an error too, also in a dry run', async () => {
    const source = `${s.source}/a`;
    chmodSync(source, 0o600);
    for (const more of [[], ['--dry-run']]) {
      const { status, stderr } = await asNobody(...at(0), ...more, source, s.url);
      expect(status).toBe(13);
      expect(stderr).toContain(`${source} cannot be read: permission denied`);
    }
    expect(names(s.remote)).toEqual([]);
  });

  test('names of a list that cannot be read, all of them, are an error; the list needs no right to list', async () => {
    const list = `${s.dir}/list`;
    writeFileSync(list, 'a\nd/b\n');
    chmodSync(s.source, 0o711);
    expect((await asNobody(...at(0), '--files-from', list, s.source, s.url)).status).toBe(0);
    chmodSync(s.source, 0o744);
    expect((await asNobody(...at(1), 'full', '--files-from', list, s.source, s.url)).status).toBe(13);
  });

  test('cannot be compared with', async () => {
    expect((await asNobody(...at(0), s.source, s.url)).status).toBe(0);
    chmodSync(s.source, 0o700);
    const { status, stderr } = await asNobody('verify', '--compare-data', s.url, s.source);
    expect(status).toBe(12);
    expect(stderr).toContain(`Verify directory ${s.source} cannot be read: EACCES: permission denied`);
  });
});

describe('a full backup', () => {
  const files = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, 'x']));

  test('of less than a tenth of the last one says both numbers', async () => {
    put(s.source, files(40));
    await backUp(s, 0, ['full']);
    for (const name of readdirSync(s.source).slice(3)) rmSync(`${s.source}/${name}`);
    const { records } = await backUp(s, 1, ['full']);
    expect(records.filter(({ level }) => level === 'WARNING').map(({ text }) => text)).toEqual([
      expect.stringMatching(/\b3 files\b.*\b40\b/),
    ]);
    // The smaller number is the new measure.
    expect((await backUp(s, 2, ['full'])).records.filter(({ level }) => level === 'WARNING')).toEqual([]);
  });

  test('of a tenth or more says nothing', async () => {
    put(s.source, files(40));
    await backUp(s, 0, ['full']);
    for (const name of readdirSync(s.source).slice(4)) rmSync(`${s.source}/${name}`);
    const { records } = await backUp(s, 1, ['full', '--no-files-changed']);
    expect(records.filter(({ level }) => level === 'WARNING')).toEqual([]);
    // Of a set without a list nothing is known.
    for (const name of readdirSync(s.source)) rmSync(`${s.source}/${name}`);
    expect((await backUp(s, 2, ['full'])).records.filter(({ level }) => level === 'WARNING')).toEqual([]);
  });

  test('and an increment that finds less than a tenth of what was there says so as well', async () => {
    put(s.source, files(40));
    await backUp(s, 0);
    for (const name of readdirSync(s.source)) rmSync(`${s.source}/${name}`);
    const { records } = await backUp(s, 1);
    expect(records.filter(({ level }) => level === 'WARNING').map(({ text }) => text)).toEqual([
      expect.stringMatching(/\b1 entry\b.*\b41\b/),
    ]);
  });
});

describe('a mount whose server is gone', () => {
  /** Preloaded: what the system says of such a mount, to the given calls. */
  const broken = (code: string, ...calls: readonly string[]): { readonly NODE_OPTIONS: string } => {
    const file = `${s.dir}/broken.cjs`;
    writeFileSync(
      file,
      `const fs = require('fs');
      for (const call of ${JSON.stringify(calls)}) {
        const real = fs[call];
        fs[call] = (path, ...more) => {
          if (!String(path).startsWith(${JSON.stringify(s.source)})) return real(path, ...more);
          throw Object.assign(new Error('${code}: no answer, ' + call), { code: '${code}', errno: -1, syscall: call });
        };
      }`,
    );
    return { NODE_OPTIONS: `--require=${file}` };
  };

  test.each<readonly [string, readonly string[]]>([
    ['ENOTCONN', ['lstatSync', 'statSync', 'opendirSync', 'readdirSync']],
    ['EIO', ['opendirSync', 'readdirSync']],
    ['ESTALE', ['readdirSync']],
  ])('is told with %s, and makes no set', async (code, calls) => {
    put(s.source, { a: 'one' });
    await backUp(s, 0);
    const before = names(s.remote);
    for (const kind of ['full', 'incremental']) {
      const env = broken(code, ...calls);
      const { status, stderr } = await duplicity([...PLAIN, ...at(1), kind, s.source, s.url], { env });
      expect(stderr).toContain(`Backup source directory ${s.source} cannot be read: ${code}: no answer.`);
      expect(status).toBe(13);
    }
    expect(names(s.remote)).toEqual(before);
  });
});
