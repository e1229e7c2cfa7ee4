import { expect, test } from 'vitest';

import { fieldOf, parseJson } from '../http/json.ts';
import { headerJson } from './json.ts';

// The example of the vendor's page.
test('JSON for a header escapes what is not ASCII, and DEL', () => {
  expect(headerJson({ field: 'some_üñîcødé_and_\u007f' })).toBe(
    '{"field":"some_\\u00fc\\u00f1\\u00eec\\u00f8d\\u00e9_and_\\u007f"}',
  );
});

test('JSON for a header means what it meant, beyond the basic plane too', () => {
  const value = { path: '/bücher/😀 "quoted"' };
  expect(JSON.parse(headerJson(value))).toEqual(value);
});

test.each([undefined, null, 3, 'text', {}])('%j has no field', (value) => {
  expect(fieldOf(value, 'name')).toBeUndefined();
});

test('what is no JSON is undefined', () => {
  expect(parseJson('<html>')).toBeUndefined();
});
