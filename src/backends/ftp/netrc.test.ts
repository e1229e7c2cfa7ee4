import { expect, test } from 'vitest';

import { parseNetrc } from './netrc.ts';

const TEXT = `machine other.net login nobody password x
machine ftp.example.org
  login me account a
  password "two words \\"quoted\\""
macdef init
  machine ftp.example.com login macro password macro

machine empty.example.org
default login anonymous password guest
`;

test.each([
  ['other.net', 'nobody', 'x'],
  ['ftp.example.org', 'me', 'two words "quoted"'],
  ['ftp.example.com', 'anonymous', 'guest'],
  ['empty.example.org', 'anonymous', 'guest'],
])('%s is %s', (host, user, password) => {
  const entry = parseNetrc(TEXT, host);
  expect([entry?.user, entry?.password?.reveal()]).toEqual([user, password]);
});

test('a host that is not there, without a default, has no entry', () => {
  expect(parseNetrc('machine a login b password c', 'd')).toBeUndefined();
  expect(parseNetrc('machine a password c', 'a')).toBeUndefined();
  expect(parseNetrc('', 'a')).toBeUndefined();
});
