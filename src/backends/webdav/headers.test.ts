import { expect, test } from 'vitest';

import { parseHeaders } from './headers.ts';

test.each([
  [undefined, {}],
  ['', {}],
  ['X-A,1', { 'X-A': '1' }],
  ['X-A,1, X-B ,two words', { 'X-A': '1', 'X-B': 'two words' }],
  ['X-A,"a, ""b""",X-B,', { 'X-A': 'a, "b"', 'X-B': '' }],
])('%j', (text, headers) => expect(parseHeaders(text)).toEqual(headers));

test.each(['X-A', 'X-A,1,X-B', 'X A,1', ',1', 'X-A,"a\nb"'])('%j is refused without being shown', (text) => {
  expect(() => parseHeaders(text)).toThrow(
    expect.objectContaining({ code: 'COMMAND_LINE', message: expect.not.stringContaining(text) as string }),
  );
});
