import { afterAll, describe, expect, test } from 'vitest';

import { UsageError } from '../../errors/errors.ts';
import { parseInterval, parseTime } from './time-strings.ts';

const now = 1_700_000_000;
const context = { now, timeSeparator: ':' };
const zone = process.env['TZ'];

function inZone<T>(name: string, work: () => T): T {
  process.env['TZ'] = name;
  return work();
}

afterAll(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

// What 0.8.22 made of these strings, but that it reads local times of summer an hour late.
test.each([
  ['UTC', 'now', now],
  ['UTC', '20020305', 20_020_305],
  ['UTC', '0', 0],
  ['UTC', '1D3h', 1_699_902_800],
  ['UTC', '1h78m', 1_699_991_720],
  ['UTC', '1W', 1_699_395_200],
  ['UTC', '1M', 1_697_408_000],
  ['UTC', '1Y', 1_668_464_000],
  ['UTC', '0D', now],
  ['UTC', '1D1D', now - 2 * 86_400],
  ['UTC', '90s', now - 90],
  ['UTC', '2002-04-26T04:22:01-07:00', 1_019_820_121],
  ['UTC', '2002-04-26T04:22:01+07:00', 1_019_769_721],
  ['UTC', '2002-04-26T04:22:01Z', 1_019_794_921],
  ['UTC', '2002-04-26T04:22:01', 1_019_794_921],
  ['Europe/Berlin', '2002-04-26T04:22:01', 1_019_787_721],
  ['Europe/Berlin', '2002-04-26T04:22:01Z', 1_019_794_921],
  ['UTC', '20020426T042201Z', 1_019_794_921],
  ['Europe/Berlin', '20020426T042201x', 1_019_794_921],
  ['UTC', '2002/3/5', 1_015_286_400],
  ['UTC', '2002-03-05', 1_015_286_400],
  ['UTC', '03/05/2002', 1_015_286_400],
  ['UTC', '3-5-2002', 1_015_286_400],
  ['UTC', '2002-03/05', 1_015_286_400],
  ['UTC', '20020305Z', 1_015_286_400],
  ['Europe/Berlin', '2002/3/5', 1_015_282_800],
  ['Europe/Berlin', '3-5-2002', 1_015_282_800],
  ['Europe/Berlin', '20020305Z', 1_015_282_800],
  ['Europe/Berlin', '2002-07-05', 1_025_820_000],
  ['Europe/Berlin', '2002-07-05T12:00:00', 1_025_863_200],
  ['Europe/Berlin', 'Fri Jul  5 12:00:00 2002', 1_025_863_200],
  ['Europe/Berlin', 'Thu Jul 25 12:00:00 2002', 1_027_591_200],
  // The clock shows 02:30 twice, and never on the day on which it skips it.
  ['Europe/Berlin', '2026-10-25T02:30:00', 1_792_888_200],
  ['Europe/Berlin', '2026-03-29T02:30:00', 1_774_747_800],
  ['America/Sao_Paulo', '2017-10-15', 1_508_036_400],
  ['UTC', '2106-02-07T06:28:16Z', 4_294_967_296],
  ['UTC', '2024-02-29', 1_709_164_800],
  ['Australia/Sydney', '2002-01-05', 1_010_188_800 - 11 * 3600],
])('in %s the time %s is %i', (name, text, time) => {
  expect(inZone(name, () => parseTime(text, context))).toBe(time);
});

describe('what is no time is refused', () => {
  test.each([
    'NOW',
    '3d',
    '1w',
    '1.5D',
    '-5',
    '1D 3h',
    ' 1D',
    'D',
    '2002-04-26T04:22',
    '2002-04-26 04:22:01',
    '2002-04-26T04:22:01+0200',
    '2002-04-26T04:22:01+02:60',
    '2002-04-26T24:00:00Z',
    '2002-04-26T04.22.01Z',
    '1900-01-01',
    '2002-02-30',
    '2002/2/29',
    '4/31/2002',
    '2002-11-31',
    '2002-06-31T12:00:00',
    '20020230T000000Z',
    'Fri Jux  5 12:00:00 2002',
    '20261130093000',
    '99999999999999999999',
    '2002-01-32',
    '13/5/2002',
    '2002.03.05',
    '3/5/02',
    '2002/3',
    '',
    '1970-01-01T00:00:00Z',
    '19700101T000000Z',
  ])('%j', (text) => {
    expect(() => inZone('UTC', () => parseTime(text, context))).toThrow(UsageError);
  });
});

test('the hour that comes twice is the second one where that is asked for', () => {
  const read = (twice: 'first' | 'second'): number =>
    inZone('Europe/Berlin', () => parseTime('2026-10-25T02:30:00', { ...context, twice }));
  expect(read('second') - read('first')).toBe(3600);
});

test.each([
  ['30', [/"30" is taken for seconds since 1970: Thu Jan  1 00:00:30 1970.*write 30D/]],
  ['20261130', [/1970.*write 2026-11-30 \(a date\) or 20261130D/]],
  ['202611300930', [/8390.*write 202611300930D/]],
  ['0', []],
  ['1700000000', []],
])('a number such as %s that hardly means seconds is told', (text, warnings) => {
  const said: string[] = [];
  expect(inZone('UTC', () => parseTime(text, { ...context, warn: (line) => said.push(line) }))).toBe(Number(text));
  expect(said).toEqual(warnings.map((warning) => expect.stringMatching(warning) as unknown));
});

test.each([
  ['1d', '1D'],
  ['3w', '3W'],
  ['2y4d', '2Y4D'],
  ['5H', '5h'],
])('the case of a unit is named: %s', (text, meant) => {
  expect(() => parseTime(text, context)).toThrow(`"'${text}'": units of time have a case, "${meant}" is meant`);
});

test('the message starts as in the reference', () => {
  expect(() => parseTime('foo', context)).toThrow(/^Bad time string "'foo'"\n(?:.*\n){4}.*$/);
});

test('another separator replaces the colon everywhere', () => {
  const underscore = { now, timeSeparator: '_' };
  expect(parseTime('2002-04-26T04_22_01-07_00', underscore)).toBe(1_019_820_121);
  expect(() => parseTime('2002-04-26T04:22:01-07:00', underscore)).toThrow(UsageError);
});

test('an interval is a number of seconds, and nothing else is an interval', () => {
  expect(parseInterval('1Y2M3W4D5h6m7s')).toBe(31_536_000 + 5_184_000 + 1_814_400 + 345_600 + 18_000 + 360 + 7);
  expect(parseInterval('2002-03-05')).toBeUndefined();
  expect(parseInterval('17')).toBeUndefined();
});
