import { expect, test } from 'vitest';

import { DuplicityError } from '../errors/errors.ts';
import { maskEvent, maskFor } from './mask.ts';

test.each([
  ['sftp//me:hush@h/x', 'Backup source directory sftp/me:hush@h/x does not exist.', 'sftp/me:*****@h/x'],
  ['sftp//me:hu//sh@h/x', 'no sftp/me:hu/sh@h/x', 'sftp/me:*****@h/x'],
  ['--volsize=sftp://me:hush@h/x', "not 'sftp://me:hush@h/x'", 'sftp://me:*****@h/x'],
  ['me:a@h', 'a banana of me:a@h', 'a banana of me:*****@h'],
  ['sftp:/me:hush@h', 'sftp:/me:hush@h', 'sftp:*****@h'],
])('of the word %s in %j the password is hidden', (word, text, shown) => {
  const masked = maskFor(['full', word])(text);
  expect(masked).toContain(shown);
  expect(masked).not.toContain('hu');
});

test('failures are masked in all of their parts, results in none', () => {
  const mask = maskFor(['sftp//me:hush@h/x']);
  const error = new DuplicityError('USER_ERROR', 'at me:hush@h', { hint: 'not me:hush@h', fields: ['me:hush@h'] });
  const masked = maskEvent({ kind: 'failed', error }, mask);
  expect(masked.kind === 'failed' && masked.error).toMatchObject({
    code: 'USER_ERROR',
    message: 'at me:*****@h',
    hint: 'not me:*****@h',
    fields: ['me:*****@h'],
  });
  expect(maskEvent({ kind: 'forced', text: 'me:hush@h' }, mask)).toEqual({ kind: 'forced', text: 'me:hush@h' });
});

test('words without a password hide nothing', () => {
  const mask = maskFor(['file:///a:b', 'sftp://u@h:22/x', 'me:@h']);
  for (const text of ['file:///a:b', 'sftp://u@h:22/x', 'me:@h']) expect(mask(text)).toBe(text);
});
