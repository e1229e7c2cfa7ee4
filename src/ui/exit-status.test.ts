import { expect, test } from 'vitest';

import { UsageError } from '../errors/errors.ts';
import { toFailure } from '../errors/failure.ts';
import { exitStatus } from './exit-status.ts';

test('a failure of ours ends with its number and is shown as it is', () => {
  const error = new UsageError('COMMAND_LINE', 'x');
  expect(exitStatus(error)).toBe(2);
  expect(toFailure(error, '1.2.3')).toBe(error);
});

test('anything else is a bug: number 30, with stack, version and the name of the exception', () => {
  const bug = new TypeError('undefined is not a function');
  const failure = toFailure(bug, '1.2.3');
  expect(exitStatus(bug)).toBe(30);
  expect(failure).toMatchObject({ exitCode: 30, exception: 'TypeError', cause: bug });
  expect(failure.message).toContain('exit-status.test.ts');
  expect(failure.hint).toContain('1.2.3');
});

test('memory that cannot be had is a sentence', () => {
  const failure = toFailure(new RangeError('Array buffer allocation failed'), '4.0.0');
  expect(failure).toMatchObject({ exitCode: 30, exception: 'MemoryError' });
  expect(failure.message).toBe('There is not enough memory: Array buffer allocation failed.');
});

test('what the system refuses is a sentence, not a bug with a stack', () => {
  const refused = Object.assign(new Error("EACCES: permission denied, open '/x'"), {
    errno: -13,
    code: 'EACCES',
    syscall: 'open',
  });
  const failure = toFailure(refused, '4.0.0');
  expect(failure).toMatchObject({ exitCode: 30, exception: 'OSError', hint: undefined });
  expect(failure.message).toBe("The system refused something: EACCES: permission denied, open '/x'.");
});
