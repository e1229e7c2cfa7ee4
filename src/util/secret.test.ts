import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from './secret.ts';

test('a secret shows as *** however it is printed', () => {
  const secret = new Secret('golden');
  const shown = [
    `the ${String(secret)}`,
    [secret].join(),
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9, showHidden: true }),
  ];
  expect(shown.join(' ')).not.toContain('golden');
  expect(shown.every((text) => text.includes('***'))).toBe(true);
});

test('a secret can be revealed and compared', () => {
  expect(new Secret('golden').reveal()).toBe('golden');
  expect(new Secret('a').equals(new Secret('a'))).toBe(true);
  expect(new Secret('a').equals(new Secret('b'))).toBe(false);
  expect([new Secret('').isEmpty, new Secret('a').isEmpty]).toEqual([true, false]);
});
