import { expect, test } from 'vitest';

import { quoteName } from './quote-name.ts';

test.each([
  ['duplicity-full.vol1', "'duplicity-full.vol1'"],
  ['two words', "'two words'"],
  ["it's", "'it\\x27s'"],
  ['a\\b\n\t\r\u0007', "'a\\\\b\\n\\t\\r\\x07'"],
  ['ä', "'\\xe4'"],
  ['€', "'\\u20ac'"],
  ['😀', "'\\U0001f600'"],
])('%j is %s in a record', (name, field) => {
  expect(quoteName(name)).toBe(field);
});
