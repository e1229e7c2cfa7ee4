import { readFileSync, utimesSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import {
  backUp,
  duplicity,
  faults,
  good,
  names,
  noise,
  PLAIN,
  put,
  type Scene,
  scene,
  treeOf,
} from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

const FULL = 'duplicity-full.20231114T221320Z.jsonstat';
const INC = 'duplicity-inc.20231114T221320Z.to.20231115T221320Z.jsonstat';

let s: Scene;
let archive: string;
beforeEach(() => {
  s = scene();
  archive = `${testHome()}/.cache/duplicity/test`;
  put(s.source, { a: 'one' });
});

const NAMED = ['--name', 'test', '--jsonstat'];
const stored = (path: string): unknown => JSON.parse(gunzipSync(readFileSync(path)).toString());
const statistics = (): string[] => names(s.remote).filter((name) => name.includes('jsonstat'));

/** The object in front of the block. */
function printed(stdout: string): unknown {
  return JSON.parse(/^\{\n[^]*?\n\}\n(?=-+\[ Backup Statistics)/m.exec(stdout)?.[0] ?? 'null');
}

describe('--jsonstat', () => {
  test('prints the statistics in front of the block and keeps them with the set', async () => {
    const full = await backUp(s, 0, NAMED);
    expect(printed(full.stdout)).toMatchObject({
      SourceFiles: 2,
      TotalDestinationSizeChange: expect.any(Number),
      backup_meta: {
        action: 'full',
        skipped_inc: false,
        time_full_bkp_str: '20231114T221320Z',
        no_of_inc: 0,
        target: s.url,
        source: s.source,
        local_json_stat: ['N/A'],
      },
    });
    expect(stored(`${s.remote}/${FULL}.gz`)).toEqual(printed(full.stdout));
    expect(stored(`${archive}/${FULL}.gz`)).toEqual(printed(full.stdout));
    const inc = await backUp(s, 1, NAMED);
    expect(printed(inc.stdout)).toMatchObject({
      backup_meta: { action: 'inc', time_full_bkp_str: '20231114T221320Z', local_json_stat: [`${FULL}.gz`] },
    });
    expect(stored(`${s.remote}/${INC}.gz`)).toEqual(printed(inc.stdout));
  });

  test('keeps them under their own prefix, plain without compression, encrypted with a passphrase', async () => {
    const prefix = ['--file-prefix', 'p-', '--file-prefix-jsonstat', 'j-'];
    await backUp(s, 0, [...NAMED, '--no-compression', ...prefix]);
    expect(JSON.parse(readFileSync(`${s.remote}/p-j-${FULL}`, 'utf8'))).toMatchObject({ SourceFiles: 2 });
    expect(stored(`${archive}/p-j-${FULL}.gz`)).toMatchObject({ SourceFiles: 2 });
    const other = scene();
    put(other.source, { a: 'one' });
    const env = { PASSPHRASE: 'secret' };
    const words = ['--current-time', String(timeOfSet(0)), ...NAMED, other.source, other.url];
    expect((await duplicity(words, { env })).status).toBe(0);
    expect(names(other.remote)).toContain(`${FULL}.gpg`);
    expect(stored(`${archive}/${FULL}.gz`)).toMatchObject({ SourceFiles: 2 });
    const [, status] = (
      await duplicity(['collection-status', ...NAMED, '--show-changes-in-set', '0', other.url])
    ).stdout.split(/\n(?=\{)/);
    expect(JSON.parse(status ?? '')).toMatchObject({ 'full-20231114T221320Z': { json_stat: { SourceFiles: 2 } } });
  });

  test('says nothing with --no-print-statistics, and keeps them all the same', async () => {
    const { stdout } = await backUp(s, 0, [...NAMED, '--no-print-statistics']);
    expect(stdout).not.toContain('SourceFiles');
    expect(statistics()).toEqual([`${FULL}.gz`]);
  });

  test('that cannot be kept fails the run, whose set is complete', async () => {
    const rule = { op: 'put', match: 'jsonstat', do: 'error', code: 53, count: 9 };
    const words = ['--current-time', String(timeOfSet(0)), ...NAMED, s.source, s.url];
    const failed = await duplicity([...PLAIN, '--num-retries', '1', ...words], faults(rule));
    expect(failed.status).toBe(53);
    await good([s.url, `${s.dir}/out`]);
    expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
  });

  test('of a dry run that would go on with an interrupted backup tell the time of that one', async () => {
    put(s.source, { a: noise(2_500_000) });
    const words = [...PLAIN, ...NAMED, '--volsize', '1'];
    const at = (k: number): string[] => ['--current-time', String(timeOfSet(k))];
    expect((await duplicity([...words, ...at(0), '--fail-on-volume', '1', s.source, s.url])).status).toBe(30);
    const { stdout } = await good([...words, ...at(1), '--dry-run', s.source, s.url]);
    expect(printed(stdout)).toMatchObject({
      backup_meta: { action: 'full', time_full_bkp_str: '20231114T221320Z', no_of_inc: 0 },
    });
  });

  test('files go with their set', async () => {
    await backUp(s, 0, NAMED);
    await backUp(s, 1, NAMED);
    await good(['full', '--current-time', String(timeOfSet(2)), ...NAMED, s.source, s.url]);
    expect(statistics()).toHaveLength(3);
    await good(['remove-all-but-n-full', '1', '--force', '--name', 'test', s.url]);
    expect(statistics()).toEqual(['duplicity-full.20231116T221320Z.jsonstat.gz']);
    expect(names(archive).filter((name) => name.includes('jsonstat'))).toEqual(statistics());
  });
});

describe('--skip-if-no-change', () => {
  const SKIPPED = 'Skipped volume upload, as effectivly nothing has changed\n';

  test('writes nothing when nothing has changed, and says so', async () => {
    await backUp(s, 0, NAMED);
    const before = (): unknown => [treeOf(s.remote), names(archive), names(`${testHome()}/tmp`)];
    const stood = before();
    const { stdout } = await backUp(s, 1, [...NAMED, '--skip-if-no-change']);
    expect(stdout).toContain(SKIPPED);
    expect(stdout).toContain('\nDeltaEntries 0\n');
    expect(printed(stdout)).toMatchObject({ backup_meta: { action: 'inc', skipped_inc: true } });
    expect(before()).toEqual(stood);
  });

  test('writes the time of a directory, when that is all that has changed', async () => {
    await backUp(s, 0);
    utimesSync(s.source, timeOfSet(0), timeOfSet(0));
    const { stdout } = await backUp(s, 1, ['--skip-if-no-change']);
    expect(stdout).not.toContain(SKIPPED);
    expect(names(s.remote)).toContain('duplicity-inc.20231114T221320Z.to.20231115T221320Z.manifest');
  });

  test('does not keep a full backup from being made', async () => {
    await backUp(s, 0, ['--skip-if-no-change']);
    const again = await good(['full', '--current-time', String(timeOfSet(1)), '--skip-if-no-change', s.source, s.url]);
    expect(again.stdout).not.toContain(SKIPPED);
    expect(names(s.remote)).toContain('duplicity-full.20231115T221320Z.manifest');
  });
});
