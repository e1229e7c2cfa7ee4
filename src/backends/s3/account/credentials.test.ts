import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { afterAll, expect, test } from 'vitest';

import { awsKeys, googleKeys, regionOf } from './credentials.ts';

const home = mkdtempSync(`${tmpdir()}/duplicity-boto-`);
afterAll(() => rmSync(home, { recursive: true }));

const BOTO = `[Boto]
aws_access_key_id = elsewhere
[Credentials]
aws_access_key_id = id
aws_secret_access_key: secret
gs_access_key_id=gid
gs_secret_access_key=gsecret
`;

test('the environment comes first, with the token of a session', () => {
  const env = { HOME: home, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 't' };
  expect(awsKeys(env)).toEqual({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 't' });
  expect(googleKeys({ GS_ACCESS_KEY_ID: 'a', GS_SECRET_ACCESS_KEY: 'b' })).toEqual({
    accessKeyId: 'a',
    secretAccessKey: 'b',
  });
});

test('files of boto are read, unless the SDK has a profile', () => {
  writeFileSync(`${home}/.boto`, BOTO);
  expect(awsKeys({ HOME: home })).toEqual({ accessKeyId: 'id', secretAccessKey: 'secret' });
  expect(googleKeys({ HOME: home })).toEqual({ accessKeyId: 'gid', secretAccessKey: 'gsecret' });
  expect(awsKeys({ HOME: '/nowhere', BOTO_CONFIG: `${home}/.boto` })).toMatchObject({ accessKeyId: 'id' });
  expect(awsKeys({ HOME: home, AWS_PROFILE: 'work' })).toBeUndefined();
  expect(awsKeys({ HOME: home, AWS_DEFAULT_PROFILE: 'work' })).toBeUndefined();
  mkdirSync(`${home}/.aws`);
  writeFileSync(`${home}/.aws/config`, '[default]\nregion = eu-west-1\n');
  expect(awsKeys({ HOME: home })).toMatchObject({ accessKeyId: 'id' });
  writeFileSync(`${home}/.aws/credentials`, '[default]\naws_access_key_id = x\n');
  expect(awsKeys({ HOME: home })).toBeUndefined();
});

test('the region has the names of both libraries, else that of the profile', () => {
  expect(regionOf({ HOME: '/nowhere', AWS_DEFAULT_REGION: 'eu-central-1' })).toBe('eu-central-1');
  expect(regionOf({ HOME: '/nowhere' })).toBeUndefined();
  const file = `${home}/config`;
  writeFileSync(file, '[default]\nregion = eu-west-1\n[profile other]\nregion=eu-west-2\n[profile none]\n');
  const env = { HOME: '/nowhere', AWS_CONFIG_FILE: file };
  expect(regionOf(env)).toBe('eu-west-1');
  expect(regionOf({ ...env, AWS_PROFILE: 'other' })).toBe('eu-west-2');
  expect(regionOf({ ...env, AWS_PROFILE: 'none' })).toBeUndefined();
  expect(regionOf({ ...env, AWS_DEFAULT_PROFILE: 'other' })).toBe('eu-west-2');
  expect(regionOf({ ...env, AWS_DEFAULT_PROFILE: 'other', AWS_PROFILE: 'none' })).toBe('eu-west-2');
});
