import { FTPError } from 'basic-ftp';
import { expect, test } from 'vitest';

import { BackendError } from '../../errors/errors.ts';
import { ftpFailure, isCrowded } from './failure.ts';

function classified(reply: string): string {
  const failure = ftpFailure('store x', 'h', new FTPError({ code: Number(reply.slice(0, 3)), message: reply }));
  if (!(failure instanceof BackendError)) return 'no BackendError';
  return `${failure.exitCode}${failure.retryable ? ' again' : ''}`;
}

// As ProFTPD, vsftpd, Pure-FTPd, FileZilla Server and IIS word them.
test.each([
  ['530 Login incorrect.', '51'],
  ['530 User cannot log in, home directory inaccessible.', '51'],
  ['530 Sorry, the maximum number of clients (3) from your host are already connected.', '50 again'],
  ['421 Too many connections (8) from this IP', '50 again'],
  ['421 Service not available', '50 again'],
  ['425 Unable to build data connection: Connection refused', '50 again'],
  ['426 Connection closed; transfer aborted.', '50 again'],
  ['451 Transfer aborted. No space left on device', '53'],
  ['452 Error writing file: Disk full', '53'],
  ['552 Transfer aborted. Disk quota exceeded', '53'],
  ['553 Disk full - please upload later', '53'],
  ['550 x: No such file or directory', '52'],
  ['550 File not found', '52'],
  ['550 The system cannot find the file specified. ', '52'],
  ['550 x: Permission denied', '51'],
  ['550 Access is denied. ', '51'],
  ['550 x: Operation not permitted', '51'],
  ['550 x: Read-only file system', '51'],
  ['553 Could not create file.', '51'],
  ['550 SSL/TLS required on the control channel', '51'],
  ['522 Data connections must be encrypted.', '51'],
  ['430 Invalid username or password', '51'],
  ['533 Command protection level denied for policy reasons.', '51'],
  ['534 Policy requires SSL.', '51'],
  ['521 data connection cannot be opened with this PROT setting', '51'],
  ['500 AUTH not understood', '50'],
])('%s is %s', (reply, expected) => expect(classified(reply)).toBe(expected));

test('a network error is worth a retry, a certificate that is not trusted is not', () => {
  const reset = Object.assign(new Error('read ECONNRESET (control socket)'), { code: 'ECONNRESET' });
  expect(ftpFailure('list x', 'h', reset)).toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
  expect(ftpFailure('list x', 'h', 'SELF_SIGNED_CERT_IN_CHAIN')).toMatchObject({ retryable: false });
});

test('too many sessions are told from a wrong password', () => {
  const of = (code: number, message: string): boolean => isCrowded(new FTPError({ code, message }));
  expect(of(530, '530 Sorry, the maximum number of clients')).toBe(true);
  expect(of(530, '530 Login incorrect.')).toBe(false);
});
