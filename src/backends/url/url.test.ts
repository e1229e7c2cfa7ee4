import { inspect } from 'node:util';

import { describe, expect, test } from 'vitest';

import { bucketPath, localPath, loginPath, rcloneTarget, rootedPath } from './url-path.ts';
import { isUrl, parseUrl, redact } from './url.ts';

describe('isUrl', () => {
  test.each(['file:///a', 'sftp://h', 'boto3+s3://b', 'par2+file://a', 'a_b://x', 'FILE://x', 'unknown://'])(
    '%s is a URL',
    (word) => expect(isUrl(word)).toBe(true),
  );
  test.each(['/a', 'a/b', 'foo:bar', 'C:/x', 'file:/a', '', '-', '://x', './file:///a', 'a-b://x'])(
    '%j is a path',
    (word) => expect(isUrl(word)).toBe(false),
  );
});

describe('parseUrl', () => {
  /** Fields as in a BackendUrl, the password in the clear. */
  function fieldsOf(text: string): unknown {
    const { password, original, wrappers, ...rest } = parseUrl(text);
    expect(original.reveal()).toBe(text);
    return {
      ...rest,
      ...(wrappers.length > 0 && { wrappers }),
      ...(password && { password: password.reveal() }),
    };
  }

  test.each<[string, object]>([
    ['sftp://h/rel', { scheme: 'sftp', host: 'h', path: '/rel' }],
    ['sftp://h', { scheme: 'sftp', host: 'h', path: '' }],
    ['SFTP://H/x', { scheme: 'sftp', host: 'h', alias: 'H', path: '/x' }],
    ['sftp://u@h:2222//abs', { scheme: 'sftp', user: 'u', host: 'h', port: 2222, path: '//abs' }],
    ['sftp://h:0/x', { scheme: 'sftp', host: 'h', path: '/x' }],
    ['sftp://h:/x', { scheme: 'sftp', host: 'h', path: '/x' }],
    ['sftp://HOST%41/', { scheme: 'sftp', host: 'host%41', alias: 'HOST%41', path: '/' }],
    ['ftp://u:pw@h/a%20b', { scheme: 'ftp', user: 'u', password: 'pw', host: 'h', path: '/a b' }],
    ['ftp://u:a:b@c@h/x', { scheme: 'ftp', user: 'u', password: 'a:b@c', host: 'h', path: '/x' }],
    ['ftp://a%3Ab:c%2Fd%40@h/', { scheme: 'ftp', user: 'a:b', password: 'c/d@', host: 'h', path: '/' }],
    ['ftp://u:%2541@h/%2541', { scheme: 'ftp', user: 'u', password: '%41', host: 'h', path: '/%41' }],
    ['ftp://u:@h/', { scheme: 'ftp', user: 'u', password: '', host: 'h', path: '/' }],
    ['sftp://[::1]:22/x', { scheme: 'sftp', host: '::1', port: 22, path: '/x' }],
    ['webdavs://u@[FE80::2]/x', { scheme: 'webdavs', user: 'u', host: 'fe80::2', alias: 'FE80::2', path: '/x' }],
    ['sftp://h/x@y', { scheme: 'sftp', host: 'h', path: '/x@y' }],
    ['sftp://h:22/x%40y', { scheme: 'sftp', host: 'h', port: 22, path: '/x@y' }],
    ['sftp://u@h:22/x@y', { scheme: 'sftp', user: 'u', host: 'h', port: 22, path: '/x@y' }],
    ['webdav://h/p?q=1#f', { scheme: 'webdav', host: 'h', path: '/p', query: 'q=1', fragment: 'f' }],
    ['rsync://h/rel', { scheme: 'rsync', host: 'h', path: '/rel' }],
    [
      'rsync://u:pw@h:8730::mod/sub',
      { scheme: 'rsync', user: 'u', password: 'pw', host: 'h', port: 8730, path: '::mod/sub' },
    ],
    ['rsync://h::/mod/sub', { scheme: 'rsync', host: 'h', path: '::mod/sub' }],
    ['rsync://[::1]/x', { scheme: 'rsync', host: '::1', path: '/x' }],
    ['gdrive://id@h/dir?driveID=X', { scheme: 'gdrive', user: 'id', host: 'h', path: '/dir', query: 'driveID=X' }],
    ['file://rel/dir', { scheme: 'file', path: '//rel/dir' }],
    ['file:///abs/dir', { scheme: 'file', path: '///abs/dir' }],
    ['file:/abs', { scheme: 'file', path: '///abs' }],
    ['file:////abs', { scheme: 'file', path: '//abs' }],
    ['file:///', { scheme: 'file', path: '///' }],
    ['file:///a?b#c', { scheme: 'file', path: '///a', query: 'b', fragment: 'c' }],
    ['file:///a#b?c', { scheme: 'file', path: '///a', fragment: 'b?c' }],
    ['file://a[1]/[x]', { scheme: 'file', path: '//a[1]/[x]' }],
    ['sftp://u@[fe80::1%25eth0]:22/[x]', { scheme: 'sftp', user: 'u', host: 'fe80::1%25eth0', port: 22, path: '/[x]' }],
    ['file:///a%3Fb%23c;d', { scheme: 'file', path: '///a?b#c;d' }],
    ['file://a%20b/%41', { scheme: 'file', path: '//a%20b/A' }],
    ['file:///%c3%a4%zz%', { scheme: 'file', path: '///ä%zz%' }],
    ['file:///%ff', { scheme: 'file', path: '///\ufffd' }],
    ['file://u:pw@a/c', { scheme: 'file', user: 'u', password: 'pw', path: '//u:pw@a/c' }],
    ['swift://cont/p', { scheme: 'swift', path: '//cont/p' }],
    ['s3://Bucket/p', { scheme: 's3', path: '//Bucket/p' }],
    ['boto3+s3:///bucket/p', { scheme: 'boto3+s3', path: '///bucket/p' }],
    ['rclone://rem:dir', { scheme: 'rclone', path: '//rem:dir' }],
    ['b2://id:key@bucket/f/', { scheme: 'b2', user: 'id', password: 'key', path: '//id:key@bucket/f/' }],
    ['multi:///p/c.json?mode=stripe', { scheme: 'multi', path: '///p/c.json', query: 'mode=stripe' }],
    ['par2+file:///a', { scheme: 'file', wrappers: ['par2'], path: '///a' }],
    ['par2+gio+ftp://h', { scheme: 'ftp', wrappers: ['par2', 'gio'], host: 'h', path: '' }],
    ['PAR2+file:///a', { scheme: 'par2+file', path: '///a' }],
  ])('%s', (text, expected) => {
    expect(fieldsOf(text)).toEqual(expected);
  });

  test.each(['', '/a/b', 'dir', '-', 'a_b://x', '1a://x', 'é://x', '://x'])('%j is a bad URL', (text) => {
    expect(() => parseUrl(text)).toThrow(
      expect.objectContaining({ code: 'BAD_URL', exitCode: 8, message: `Bad URL '${text}'.` }),
    );
  });

  test.each([
    ['sftp://h:99999/x', 'Syntax error (port) in: sftp://h:99999/x'],
    ['sftp://h:abc/x', 'Syntax error (port) in: sftp://h:abc/x'],
    ['sftp://h:-1/x', 'Syntax error (port) in: sftp://h:-1/x'],
    ['sftp://h::1/x', 'Syntax error (port) in: sftp://h::1/x'],
    ['file://a:b/c', 'Syntax error (port) in: file://a:b/c'],
    ['rsync://h:x::m', 'Syntax error (port) in: rsync://h:x::m'],
    ['http://u:pw@h:port/x', 'Syntax error (port) in: http://u:*****@h:port/x'],
    ['sftp://[::1/x', 'Syntax error in: sftp://[::1/x'],
    ['sftp://h\n/x', 'Control character in: sftp://h\n/x'],
    ['sftp:///x', 'Missing hostname in a backend URL which requires an explicit hostname: sftp:///x'],
    ['sftp://user@/x', 'Missing hostname in a backend URL which requires an explicit hostname: sftp://user@/x'],
    ['x:a', 'missing // - relative paths not supported for scheme x: x:a'],
    ['file://', 'missing // - relative paths not supported for scheme file: file://'],
    ['ftp://u:12/34@h/x', 'An @ stands behind the first slash: ftp://u:*****@h/x'],
    ['ftp://u:/34@h/x', 'An @ stands behind the first slash: ftp://u:*****@h/x'],
    ['sftp://h:22/x@y', 'An @ stands behind the first slash: sftp://h:*****@y'],
    ['file://?x', 'missing // - relative paths not supported for scheme file: file://?x'],
  ])('%j is invalid', (text, message) => {
    expect(() => parseUrl(text)).toThrow(
      expect.objectContaining({
        code: 'USER_ERROR',
        exitCode: 23,
        exception: 'InvalidBackendURL',
        message: `InvalidBackendURL: ${message}`,
      }),
    );
  });

  test.each([
    ['ftp://user[:pass]@host[:21]/dir', 'ftp://user[:*****@host[:21]/dir'],
    ['ftp://user[:pass]@host/dir', 'ftp://user[:*****@host/dir'],
    ['ftp://host[:21]/dir', 'ftp://host[:21]/dir'],
    ['sftp://user@host[:22]/dir', 'sftp://user@host[:22]/dir'],
    ['webdavs://[host]/dir', 'webdavs://[host]/dir'],
    ['rsync://user[:pass]@host[:port]::[/]module/dir', 'rsync://user[:*****@host[:port]::[/]module/dir'],
    ['imaps://user@host[/prefix]', 'imaps://user@host[/prefix]'],
    ['s3://host[:port]/bucket', 's3://host[:port]/bucket'],
    ['swift://container[/prefix]', 'swift://container[/prefix]'],
    ['b2://id[:key]@bucket/[folder/]', 'b2://id[:*****@bucket/[folder/]'],
  ])('%s still has the brackets of a manual', (text, shown) => {
    expect(() => parseUrl(text)).toThrow(
      expect.objectContaining({
        exitCode: 23,
        message: `InvalidBackendURL: Brackets stand before the path of the URL: ${shown}`,
        hint: expect.stringContaining('In manuals they mark what may be left out'),
      }),
    );
  });

  test('a password is in no printed form', () => {
    const url = parseUrl('ftp://u:hush@h/x');
    expect(inspect(url, { depth: 9, showHidden: true })).not.toContain('hush');
    expect(JSON.stringify(url)).not.toContain('hush');
    expect(`${String(url.password)} ${String(url.original)}`).toBe('*** ***');
  });
});

describe('redact', () => {
  test.each([
    ['ftp://u:hush@h/x', 'ftp://u:*****@h/x'],
    ['ftp://u:@h/x', 'ftp://u:*****@h/x'],
    ['ftp://u:a:b@c@h:21/x@y', 'ftp://u:*****@h:21/x@y'],
    ['rsync://u:pw@h:8730::mod/x', 'rsync://u:*****@h:8730::mod/x'],
    ['sftp://u:pw@[::1]:22/x', 'sftp://u:*****@[::1]:22/x'],
    ['b2://id:key@bucket/f', 'b2://id:*****@bucket/f'],
    ['par2+ftp://u:pw@h/x', 'par2+ftp://u:*****@h/x'],
    ['ftp://u:pa/ss@h/x', 'ftp://u:*****@h/x'],
    ['ftp://u:12/34@h/x', 'ftp://u:*****@h/x'],
    ['ftp://u:pw@h:bad/x', 'ftp://u:*****@h:bad/x'],
    ['ftp://u:p#w@h/x', 'ftp://u:*****@h/x'],
    ['ftp:u:pw@h', 'ftp:*****@h'],
    ['sftp//me:pw@h/x', 'sftp//me:*****@h/x'],
    ['sftp:/me:pw@h/x', 'sftp:*****@h/x'],
    ['me:pw@h/x', 'me:*****@h/x'],
    ['sftp://u@h:22/x', 'sftp://u@h:22/x'],
    ['sftp://[::1]:22/x@y', 'sftp://[::1]:22/x@y'],
    ['file:///a:b@c', 'file:///a:b@c'],
    ['/a:b', '/a:b'],
  ])('%s is shown as %s', (url, shown) => {
    expect(redact(url)).toBe(shown);
  });
});

describe('what drivers make of the path', () => {
  test.each([
    ['file://rel/dir', 'rel/dir'],
    ['file:///abs/dir', '/abs/dir'],
    ['file:////abs', 'abs'],
    ['file:////', ''],
  ])('local: %s is %j', (url, path) => expect(localPath(parseUrl(url))).toBe(path));

  test.each([
    ['sftp://h/rel', 'rel'],
    ['sftp://h//abs', '/abs'],
    ['sftp://h', ''],
    ['sftp://h/', '/'],
    ['rsync://h//abs', '/abs'],
  ])('login: %s is %j', (url, path) => expect(loginPath(parseUrl(url))).toBe(path));

  test.each([
    ['webdav://h/a//b/', '/a/b/'],
    ['webdav://h', '/'],
    ['webdav://h/a', '/a/'],
  ])('rooted: %s is %j', (url, path) => expect(rootedPath(parseUrl(url))).toBe(path));

  test.each([
    ['s3://bucket/p', 'bucket', 'p/'],
    ['s3:///bucket/p', 'bucket', 'p/'],
    ['boto3+s3://bucket', 'bucket', ''],
    ['swift://cont//a///b/', 'cont', 'a/b/'],
    ['b2://id:key@bucket/folder/', 'bucket', 'folder/'],
  ])('bucket: %s is %j and %j', (url, bucket, prefix) => expect(bucketPath(parseUrl(url))).toEqual({ bucket, prefix }));

  test.each([
    ['rclone://rem:/dir', 'rem:dir'],
    ['rclone://rem:dir', 'rem:dir'],
    ['rclone://rem://abs', 'rem:/abs'],
  ])('rclone: %s is %j', (url, target) => expect(rcloneTarget(parseUrl(url))).toBe(target));
});
