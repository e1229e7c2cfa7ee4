import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runExample } from '../support/example.ts';
import { errorOf, json, ofType, resultOf } from '../support/json.ts';
import { golden } from '../support/paths.ts';
import { backUp, names, noise, put, scene, type Scene } from '../support/scene.ts';

async function stored(): Promise<Scene> {
  const s = scene();
  put(s.source, { big: noise(2_500_000), 'a/b': 'x' });
  await backUp(s, 0, ['--volsize', '1']);
  return s;
}

test('a salvage tells each path that is not whole in a line of JSON, and all at its end', async () => {
  const s = await stored();
  const words = ['restore', '--salvage', '--no-encryption', s.url];
  const sound = await json([...words, `${s.dir}/whole`]);
  expect(resultOf(sound, 'restore').result).toMatchObject({ kind: 'salvaged', entries: 4, salvage: { whole: 4 } });
  for (const name of names(s.remote)) if (name.includes('vol2')) rmSync(`${s.remote}/${name}`);
  const damaged = await json([...words, `${s.dir}/out`]);
  expect(damaged.status).toBe(104);
  const verdict = { path: 'big', fate: 'partial', ranges: [{ from: 0 }, {}] };
  expect(ofType(damaged, 'verdict')).toMatchObject([verdict]);
  expect(errorOf(damaged)).toMatchObject({ code: 'NOT_WHOLE', exitStatus: 104 });
  expect(errorOf(damaged).result).toMatchObject({ salvage: { whole: 3, partial: 1, lost: 0, notWhole: [verdict] } });
  expect(readdirSync(`${s.dir}/out`).toSorted()).toEqual(['a', 'big.partial']);
});

test('a repair tells what it has made again, and what it cannot, also as JSON', async () => {
  const s = await stored();
  for (const name of names(s.remote)) if (/vol2|sigtar/.test(name)) rmSync(`${s.remote}/${name}`);
  const words = ['repair', '--no-encryption', s.url];
  const left = await json([...words, '--dry-run']);
  expect([left.status, errorOf(left)]).toMatchObject([106, { code: 'NOT_REPAIRED' }]);
  expect(errorOf(left).result).toMatchObject({
    isPlanned: true,
    repaired: [{ by: 'archiveDir' }],
    left: [{ part: 'volume' }],
  });
  put(s.source, { big: noise(2_500_000, 7) });
  expect((await json([...words, s.source])).status).toBe(106);
  put(s.source, { big: noise(2_500_000) });
  const mended = await json([...words, s.source]);
  expect(resultOf(mended, 'repair').result).toMatchObject({ left: [], repaired: [{ by: 'source' }], isProven: true });
  expect((await json(['check', '--deep', '--no-encryption', s.url])).status).toBe(0);
});

test('a volume with a short name is made again as well', async () => {
  const { dir } = scene();
  cpSync(golden('short'), `${dir}/store`, { recursive: true });
  const volume = names(`${dir}/store`).find((name) => name.startsWith('di.') && name.includes('.dt')) ?? '';
  const bytes = readFileSync(`${dir}/store/${volume}`);
  writeFileSync(`${dir}/store/${volume}`, bytes.fill(0, bytes.length >> 1));
  // What a killed run has left beside a manifest, and what somebody else has called like that.
  const [spare, foreign] = [
    `repaired.${names(golden('short')).find((name) => name.endsWith('.m')) ?? ''}`,
    'repaired.duplicity-full.manifest.txt',
  ];
  for (const name of [spare, foreign]) writeFileSync(`${dir}/store/${name}`, 'x');
  const words = ['--no-encryption', '--from', `file://${golden('short')}`, `file://${dir}/store`];
  const { result } = resultOf(await json(['repair', ...words]), 'repair');
  expect(result).toMatchObject({ left: [], repaired: [{ file: volume, by: 'copy' }], isProven: true });
  expect(names(`${dir}/store`).filter((name) => name.startsWith('repaired.'))).toEqual([foreign]);
});

test('the examples of docs/repair.md are what happens', async () => {
  const { steps } = await runExample('docs/repair.md');
  expect(steps).toBeGreaterThan(9);
});
