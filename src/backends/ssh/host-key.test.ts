import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { BackendError } from '../../errors/errors.ts';
import { tempDir } from '../../../test/support/temp.ts';
import { parseUrl } from '../url/url.ts';
import { trust } from './host-key.ts';
import { sshTarget } from './config/target.ts';

const KEY = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIGz+Wguer7zATCPmZShEwWZ+I3vfwRN86V2mmOV5W6Eb', 'base64');

test('the command that adds an unknown key works for whoever has never used ssh', async () => {
  const home = `${tempDir()}/nobody's home`;
  const options = { signal: new AbortController().signal, env: { HOME: home } };
  const target = await sshTarget(parseUrl('sftp://me@store.example.net/dir'), options);
  const failure: unknown = await trust(KEY, target, {}).catch((error: unknown) => error);
  const hint = failure instanceof BackendError ? (failure.hint ?? '') : '';
  execFileSync('/bin/sh', ['-c', hint.replace(/^.*?then run: /, '')]);
  expect(readFileSync(`${home}/.ssh/known_hosts`, 'utf8')).toBe(
    `store.example.net ssh-ed25519 ${KEY.toString('base64')}\n`,
  );
  expect(await trust(KEY, target, {})).toEqual({ isCertain: true });
});
