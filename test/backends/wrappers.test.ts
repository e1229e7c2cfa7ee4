import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { good, names, noise, PLAIN, put, scene, treeOf } from '../support/scene.ts';
import { run, succeeded } from '../support/processes.ts';
import { runReference } from '../support/run.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference, requireTool } from '../support/tools.ts';
import { fullCycle, sceneAt } from './cycle.ts';

/** Runs with `--no-encryption`, in both programs. */
const words = (k: number): string[] => ['--no-encryption', '--current-time', String(timeOfSet(k))];

/** True when this program and the reference go on with each other's archives, and both restore the last state. */
async function bothWays(url: string, env: Readonly<Record<string, string>> = {}): Promise<boolean> {
  const s = scene();
  // What par2 needs grows with it.
  put(s.source, { a: noise(20_000), b: 'b' });
  await good([...words(0), s.source, url], { env });
  put(s.source, { b: 'second' }, timeOfSet(0));
  succeeded(await runReference([...words(1), s.source, url], { env, home: tempDir() }));
  put(s.source, { c: 'third' }, timeOfSet(1));
  await good([...words(2), s.source, url], { env, home: tempDir() });
  const expected = treeOf(s.source);
  await good(['restore', url, `${s.dir}/ours`], { env, home: tempDir() });
  succeeded(await runReference(['restore', '--no-encryption', url, `${s.dir}/theirs`], { env, home: tempDir() }));
  for (const name of ['ours', 'theirs']) expect(treeOf(`${s.dir}/${name}`)).toEqual(expected);
  return true;
}

describe.runIf(requireTool('par2'))('par2+file', () => {
  test('goes through a full cycle, and only recovery files of what is left are left', async () => {
    const dir = tempDir();
    expect(await fullCycle(sceneAt(`par2+file://${dir}`), ['--par2-options', '-b50'])).toEqual(['Full 1']);
    const left = names(dir);
    const kept = left.filter((name) => !name.endsWith('.par2'));
    expect(kept.length).toBe(3);
    for (const name of kept) expect(left).toContain(`${name}.par2`);
    expect(left.filter((name) => name.endsWith('.par2')).length).toBe(2 * kept.length);
  });

  test('a damaged volume is repaired while it is restored', async () => {
    const dir = tempDir();
    const s = scene();
    put(s.source, { a: noise(300_000) });
    await good([...words(0), '--par2-options', '-b100', s.source, `par2+file://${dir}`]);
    const volume = `${dir}/${names(dir).find((name) => /vol1\.difftar(\.gz)?$/.test(name)) ?? ''}`;
    writeFileSync(volume, readFileSync(volume).fill(0, 1000, 1100));
    await good(['restore', `par2+file://${dir}`, `${s.dir}/out`], { home: tempDir() });
    expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
  });

  test('recovery files left in a repository that is opened without par2+ do not break it', async () => {
    const dir = tempDir();
    const s = scene();
    put(s.source, { a: noise(300_000) });
    await good([...words(0), '--par2-options', '-b50', s.source, `par2+file://${dir}`]);
    await good(['restore', `file://${dir}`, `${s.dir}/out`], { home: tempDir() });
    expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
    const before = names(dir);
    await good(['cleanup', '--force', `file://${dir}`], { home: tempDir() });
    expect(names(dir)).toEqual(before);
  });

  test.runIf(requireReference())('goes on where the reference left off, and the reverse', async () => {
    expect(await bothWays(`par2+file://${tempDir()}`)).toBe(true);
  });
});

describe('multi', () => {
  function config(...entries: readonly object[]): string {
    const dir = tempDir();
    writeFileSync(`${dir}/config.json`, JSON.stringify(entries));
    return `multi://${dir}/config.json`;
  }

  test.each(['mirror', 'stripe'])('%s goes through a full cycle, and old files leave every store', async (mode) => {
    const stores = [tempDir(), tempDir()];
    const entries = stores.map((dir) => ({ url: `file://${dir}` }));
    expect(await fullCycle(sceneAt(`${config(...entries)}?mode=${mode}`))).toEqual(['Full 1']);
    const held = stores.map((dir) => names(dir).length);
    expect(mode === 'mirror' ? held : [held[0], (held[0] ?? 0) + (held[1] ?? 0)]).toEqual(
      mode === 'mirror' ? [3, 3] : [held[0], 3],
    );
  });

  test('onfail=continue: a store that cannot be used does not end the backup', async () => {
    const dir = tempDir();
    writeFileSync(`${dir}/no-directory`, '');
    mkdirSync(`${dir}/good`);
    const url = `${config({ url: `file://${dir}/no-directory` }, { url: `file://${dir}/good` })}?mode=mirror`;
    const s = scene();
    put(s.source, { a: 'a' });
    await good([...words(0), s.source, url]);
    expect(names(`${dir}/good`).length).toBe(3);
  });

  test.runIf(requireReference()).each(['mirror', 'stripe'])(
    '%s goes on where the reference left off, and the reverse',
    async (mode) => {
      const url = `${config({ url: `file://${tempDir()}` }, { url: `file://${tempDir()}` })}?mode=${mode}`;
      expect(await bothWays(url)).toBe(true);
    },
  );
});

describe.runIf(requireTool('rclone'))('rclone', () => {
  async function remote(): Promise<{ readonly dir: string; readonly env: Record<string, string> }> {
    const dir = tempDir();
    const password = succeeded(await run('rclone', ['obscure', 'secret'])).stdout.trim();
    const sealed = `[sealed]\ntype = crypt\nremote = ${dir}/crypt\npassword = ${password}\n`;
    writeFileSync(`${dir}/rclone.conf`, `[store]\ntype = alias\nremote = ${dir}/alias\n${sealed}`);
    return { dir, env: { RCLONE_CONFIG: `${dir}/rclone.conf` } };
  }

  test.each(['store', 'sealed'])('%s goes through a full cycle', async (name) => {
    const { env } = await remote();
    expect(await fullCycle(sceneAt(`rclone://${name}:/backup`), [], { env })).toEqual(['Full 1']);
  });

  test.runIf(requireReference())('goes on where the reference left off, and the reverse', async () => {
    const { dir, env } = await remote();
    expect(await bothWays('rclone://store:/both', env)).toBe(true);
    expect(names(`${dir}/alias/both`).length).toBe(9);
  });

  test('an unknown remote ends with one sentence', async () => {
    const { env } = await remote();
    const { duplicity } = await import('../support/scene.ts');
    const result = await duplicity([...PLAIN, 'collection-status', 'rclone://nope:/x'], { env });
    expect([result.status, result.stderr]).toEqual([50, expect.stringContaining('rclone config')]);
  });
});
