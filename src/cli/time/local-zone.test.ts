import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { localZone } from './local-zone.ts';

const dir = mkdtempSync(`${tmpdir()}/zone-`);
afterAll(() => rmSync(dir, { recursive: true }));

const SUMMER = 1_784_030_400;

test.each(['Europe/Berlin', ':Europe/Berlin', 'EST5EDT', 'UTC', 'Nowhere/At_All', ''])(
  'V8 is left alone with %j',
  (tz) => {
    expect(localZone(tz)).toBeUndefined();
    expect(localZone(undefined)).toBeUndefined();
  },
);

test.each(['CET-1CEST,M3.5.0,M10.5.0/3', ':CET-1CEST,M3.5.0,M10.5.0/3', 'CET-1CEST'])('%s is a rule', (tz) => {
  expect(offsetOf(tz)).toBe(7200);
});

test('a file of the system goes by its name, also through a link', () => {
  symlinkSync('../usr/share/zoneinfo/Europe/Berlin', `${dir}/localtime`);
  for (const path of [
    '/usr/share/zoneinfo/Europe/Berlin',
    '/usr/share/zoneinfo/posix/Europe/Berlin',
    `${dir}/localtime`,
  ]) {
    expect(localZone(`:${path}`)).toEqual({ name: 'Europe/Berlin' });
    expect(localZone(path)).toEqual({ name: 'Europe/Berlin' });
  }
});

test('a file of no name says itself what counts', () => {
  const zone = readFileSync('/usr/share/zoneinfo/Europe/Berlin');
  writeFileSync(`${dir}/copy`, zone);
  expect(offsetOf(`:${dir}/copy`)).toBe(7200);
  expect(localZone(`:${dir}/missing`)).toBeUndefined();
});

function offsetOf(tz: string): number | undefined {
  const zone = localZone(tz);
  return zone !== undefined && 'offset' in zone ? zone.offset(SUMMER) : undefined;
}
