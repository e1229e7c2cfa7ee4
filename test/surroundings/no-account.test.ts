import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { endedWith } from '../support/ended.ts';
import type { RunResult } from '../support/processes.ts';
import { runDuplicity, runRdiffdir } from '../support/run.ts';
import { put, scene, type Scene } from '../support/scene.ts';
import { requireAnotherUser, requireTool } from '../support/tools.ts';

/** A user that no password file knows, as containers and OpenShift start processes. */
const UNKNOWN = 47_110;
const NOBODY_HOME = { HOME: undefined, XDG_CACHE_HOME: undefined, PASSPHRASE: 'a passphrase' };

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: 'content', 'd/b': 'more' });
  chmodSync(s.dir, 0o755);
  for (const name of ['own', 'tmp']) {
    mkdirSync(`${s.dir}/${name}`);
    chownSync(`${s.dir}/${name}`, UNKNOWN, UNKNOWN);
  }
});

function asUnknown(program: typeof runDuplicity, words: readonly string[], env: object = {}): Promise<RunResult> {
  const own = { ...NOBODY_HOME, TMPDIR: `${s.dir}/tmp`, ...env };
  return program(words, { uid: UNKNOWN, cwd: `${s.dir}/own`, env: own });
}

describe.runIf(requireAnotherUser())('a user without a name and without HOME', () => {
  test.each([
    ['duplicity', runDuplicity],
    ['rdiffdir', runRdiffdir],
  ])('is told the version and the help of %s', async (name, program) => {
    const version = await asUnknown(program, ['--version']);
    expect(version).toMatchObject({ status: 0, stderr: '', stdout: expect.stringMatching(`^${name} \\d`) });
    expect(await asUnknown(program, ['--help'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('backs up, verifies and restores with an archive dir of a given place', async () => {
    const options = ['--archive-dir', `${s.dir}/own/cache`];
    const url = `file://${s.dir}/own/remote`;
    for (const words of [
      ['full', s.source, url],
      ['incremental', s.source, url],
      ['verify', url, s.source],
    ]) {
      expect(endedWith(0, await asUnknown(runDuplicity, [...options, ...words])).stderr).toBe('');
    }
    endedWith(0, await asUnknown(runDuplicity, [...options, 'restore', url, `${s.dir}/own/back`]));
    expect(readFileSync(`${s.dir}/own/back/d/b`, 'utf8')).toBe('more');
  });

  test('makes signatures and deltas', async () => {
    expect(await asUnknown(runRdiffdir, ['sig', s.source, 'sig'])).toMatchObject({ status: 0, stderr: '' });
    expect(await asUnknown(runRdiffdir, ['delta', 'sig', s.source, 'delta'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('has to say where the archive dir is to be', async () => {
    const { status, stderr } = await asUnknown(runDuplicity, [s.source, `file://${s.dir}/own/remote`]);
    expect([status, stderr]).toEqual([
      9,
      'There is no home directory for the archive directory: HOME is not set.\nSet HOME or XDG_CACHE_HOME, or name a directory with --archive-dir.\n',
    ]);
  });

  test('needs no name of its own where the URL has one', async () => {
    const url = 'sftp://me@127.0.0.1:1/x';
    const { status, stderr } = await asUnknown(runDuplicity, ['collection-status', '--num-retries', '1', url], {
      HOME: `${s.dir}/own`,
    });
    expect(stderr).toContain('ECONNREFUSED');
    expect(status).not.toBe(30);
  });

  test.each(['s3', 'gs'])('reaches a server of %s', async (scheme) => {
    const archive = ['--archive-dir', `${s.dir}/own/cache`];
    const words = ['collection-status', '--num-retries', '1', '--s3-endpoint-url', 'http://127.0.0.1:1'];
    const keys = {
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
      GS_ACCESS_KEY_ID: 'a',
      GS_SECRET_ACCESS_KEY: 'b',
    };
    const { status, stderr } = await asUnknown(runDuplicity, [...words, ...archive, `${scheme}://box/x`], keys);
    expect(stderr).toContain('ECONNREFUSED');
    expect(status).toBe(50);
  });

  test('is asked for a name where nothing tells it', async () => {
    const words = ['collection-status', '--archive-dir', `${s.dir}/own/cache`, 'sftp://127.0.0.1:1/x'];
    const { status, stderr } = await asUnknown(runDuplicity, words);
    expect([status, stderr]).toEqual([
      23,
      'No user name for 127.0.0.1 is known: this user has no entry in the password file.\nName one in the URL (sftp://USER@127.0.0.1/...), or set LOGNAME.\n',
    ]);
  });

  test.runIf(requireTool('rsync'))('reaches an rsync daemon without a name', async () => {
    const words = ['collection-status', '--archive-dir', `${s.dir}/own/cache`, '--num-retries', '1'];
    const { status, stderr } = await asUnknown(runDuplicity, [...words, 'rsync://127.0.0.1:1::module/x']);
    expect(stderr).toContain('refused');
    expect(status).not.toBe(30);
  });
});
