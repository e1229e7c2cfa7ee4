import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { parsePosixZone } from './posix-zone.ts';

const ZONES = [
  'UTC0',
  'UTC-3',
  'GMT+3',
  'CET-1CEST,M3.5.0,M10.5.0/3',
  '<+03>-3',
  '<-0330>+3:30',
  'EST5EDT,M3.2.0,M11.1.0',
  'AEST-10AEDT,M10.1.0,M4.1.0/3',
  'NZST-12:00:00NZDT-13:00:00,M10.1.0,M3.3.0',
  'IST-2IDT,M3.4.4/26,M10.5.0',
  'IRST-3:30IRDT,80/0,264/0',
  'EST+5EDT,J60,J300',
  '<-02>2<-01>,M3.5.0/-1,M10.5.0/0',
  'XXX-14YYY-15,0/0,J365/25',
];

/** The hours around the changes of Europe and America in 2024. */
const CHANGES = [
  1_711_846_799, 1_711_846_800, 1_729_990_799, 1_729_990_800, 1_710_054_000, 1_710_053_999, 1_730_613_600,
];
/** Half a month apart, through a leap year and its neighbours. */
const TIMES = [...Array.from({ length: 72 }, (_, i) => 1_672_531_200 + i * 15 * 86_400 + i * 3700), ...CHANGES];

test.each(ZONES)('%s is what the C library makes of it', (zone) => {
  const offset = parsePosixZone(zone);
  const input = TIMES.map((time) => `@${time}\n`).join('');
  const { stdout } = spawnSync('date', ['-f', '-', '+%s %z'], { input, env: { TZ: zone }, encoding: 'utf8' });
  const expected = stdout.trim().split('\n').map(offsetShown);
  expect(TIMES.map((time) => offset?.(time))).toEqual(expected);
});

test('without days summer time is that of America, as the C library has it', () => {
  expect([1_704_067_200, 1_720_000_000].map((time) => parsePosixZone('CET-1CEST')?.(time))).toEqual([3600, 7200]);
});

test.each([
  '',
  'UTC',
  'Europe/Berlin',
  'CE-1',
  'CET-25',
  'CET-1CEST,M13.5.0,M10.5.0',
  'CET-1CEST,M3.5.0',
  'C ET-1',
  '+3',
])('%j is no zone of this form', (text) => {
  expect(parsePosixZone(text)).toBeUndefined();
});

function offsetShown(line: string): number {
  const [, sign, hours, minutes] = /([+-])(\d\d)(\d\d)$/.exec(line) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60) || 0;
}
