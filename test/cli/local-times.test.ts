import { expect, test } from 'vitest';
import { tempDir } from '../support/temp.ts';
import { duplicity, good, PLAIN, put, scene } from '../support/scene.ts';
import { readFileSync } from 'node:fs';

/** Local times are what people read and type: the same in both directions, in summer too. */
const NOON = 1_784_030_400; // 2026-07-14 12:00:00 UTC

test.each([
  ['UTC', '12:00:00'],
  ['Europe/Berlin', '14:00:00'],
  ['CET-1CEST,M3.5.0,M10.5.0/3', '14:00:00'],
  ['<+03>-3', '15:00:00'],
  [':/usr/share/zoneinfo/Europe/Berlin', '14:00:00'],
  ['EST5EDT,M3.2.0,M11.1.0', '08:00:00'],
])('with TZ=%s what collection-status shows can be typed back', async (TZ, clock) => {
  const env = { TZ };
  const it = scene(tempDir());
  const at = async (time: number, text: string): Promise<void> => {
    put(it.source, { file: text }, time - 60);
    await good(['--current-time', String(time), it.source, it.url], { env });
  };
  await at(NOON, 'noon');
  await at(NOON + 2700, 'a quarter to one');
  await at(NOON + 5400, 'half past one');
  const { stdout } = await good(['collection-status', it.url], { env });
  expect(stdout).toContain(`Full         Tue Jul 14 ${clock} 2026`);

  const state = async (time: string): Promise<string> => {
    const target = `${tempDir(it.dir)}/out`;
    await good(['restore', '--time', time, it.url, target], { env });
    return readFileSync(`${target}/file`, 'utf8');
  };
  const hour = Number(clock.slice(0, 2));
  expect(await state(`2026-07-14T${clock}`)).toBe('noon');
  expect(await state(`Tue Jul 14 ${clock} 2026`)).toBe('noon');
  expect(await state(`2026-07-14T${String(hour + 1).padStart(2, '0')}:00:00`)).toBe('a quarter to one');
});

test('a date is midnight of summer time, also where it decides what is deleted', async () => {
  const env = { TZ: 'Europe/Berlin' };
  const it = scene(tempDir());
  put(it.source, { file: 'x' });
  const night = 1_782_858_600; // 2026-07-01 00:30 there
  for (const time of [night, night + 86_400])
    await good(['full', '--current-time', String(time), it.source, it.url], { env });
  const { stdout } = await good(['remove-older-than', '2026-07-01', '--force', it.url], { env });
  expect(stdout).toContain('No old backup sets found');
});

test('what hardly means seconds is told, and a wrong unit', async () => {
  const it = scene(tempDir());
  put(it.source, { file: 'x' });
  await good([it.source, it.url]);
  const days = await duplicity([...PLAIN, 'remove-older-than', '30', it.url], { env: { TZ: 'UTC' } });
  expect(days.stdout).toContain('The time "30" is taken for seconds since 1970: Thu Jan  1 00:00:30 1970.');
  const unit = await duplicity([...PLAIN, 'restore', '--time', '3d', it.url, `${it.dir}/out`]);
  expect(unit.status).toBe(2);
  expect(unit.stderr).toContain('"3D" is meant');
});
