import { expect, test } from 'vitest';

import { elsewhere, schemesElsewhere } from './elsewhere.ts';
import { knownSchemes, openBackend } from '../registry.ts';
import { parseUrl } from './url.ts';

/** Every scheme that 0.8.22 or 3.0.1 registers. */
const REFERENCE_SCHEMES = [
  'ad azure b2 box cf+http cf+hubic dpbx file gdata+gdocs gdocs gdrive hsi hubic idrived imap imaps',
  'jottacloud mega megav2 megav3 mf multi onedrive pca pydrive pydrive+gdocs rclone rsync slate swift',
  'sx tahoe xorriso sftp scp paramiko+sftp paramiko+scp pexpect+sftp pexpect+scp ftp ftps ftpes',
  'lftp+ftp lftp+ftps lftp+ftpes ncftp+ftp fish lftp+fish lftp+sftp lftp+webdav lftp+webdavs lftp+http',
  'lftp+https http https webdav webdavs s3 s3+http boto+s3 boto3+s3 gs',
].flatMap((line) => line.split(' '));

const options = { signal: new AbortController().signal };

test.each(REFERENCE_SCHEMES)('%s is a driver or has an advice', (scheme) => {
  expect([knownSchemes().includes(scheme), elsewhere(scheme) !== undefined]).toContain(true);
});

test('no scheme has both a driver and an advice', () => {
  expect(schemesElsewhere().filter((scheme) => knownSchemes().includes(scheme))).toEqual([]);
});

test.each([
  ['gdrive://id@h/dir?driveID=X', 'rclone://drive:DIRECTORY', 'rclone config create drive drive'],
  ['mega://id:hush@h/p', 'rclone://mega:DIRECTORY', 'rclone config create mega mega'],
  ['cf+http://container', 'swift://CONTAINER', 'SWIFT_AUTHURL'],
  ['par2+mega://u@h/dir', 'rclone://mega:DIRECTORY', 'rclone config create mega mega'],
])('%s is answered with %s and the command %s', async (url, instead, command) => {
  const failure = await openBackend(parseUrl(url), options).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'USER_ERROR', exitCode: 23, exception: 'UnsupportedBackendScheme' });
  expect(failure).toMatchObject({ hint: expect.stringContaining(instead) });
  expect(failure).toMatchObject({ hint: expect.stringContaining(command) });
  expect(String(failure)).not.toContain('hush');
});
