import { spawnSync } from 'node:child_process';

import { describe, expect, test } from 'vitest';

import { requireTool } from '../../../../test/support/tools.ts';
import { algorithmsOf, chosenMethods, type Kind } from './algorithms.ts';

const KEX_SHA1 = 'diffie-hellman-group14-sha1';

test.each([
  ['kex', `+${KEX_SHA1}`, /^curve25519-sha256,.*,diffie-hellman-group14-sha1$/],
  ['kex', `^${KEX_SHA1}`, /^diffie-hellman-group14-sha1,curve25519-sha256,/],
  ['kex', '-*nist*,curve*', /^diffie-hellman-group-exchange-sha256,(?:diffie-hellman-group1\d-sha\d+,?){5}$/],
  ['kex', `unknown,${KEX_SHA1},unknown`, /^diffie-hellman-group14-sha1$/],
  ['cipher', '+aes256-cbc,3des-cbc', /^aes128-gcm.*,aes256-cbc,3des-cbc$/],
  ['cipher', 'aes256-ctr', /^aes256-ctr$/],
  ['hmac', '^hmac-md5', /^hmac-md5,hmac-sha2-256-etm/],
  ['serverHostKey', '+ssh-rsa,ssh-dss', /^ssh-ed25519,.*,ssh-rsa,ssh-dss$/],
  ['serverHostKey', 'ssh-rsa', /^ssh-rsa$/],
] as const)('of %s %s means %s', (kind, text, expected) => {
  expect(chosenMethods(kind, text)?.join(',')).toMatch(expected);
});

describe.runIf(requireTool('ssh'))('the whole lists that ssh gives', () => {
  function answered(...options: readonly string[]) {
    const { stdout } = spawnSync('ssh', ['-G', '-F', 'none', ...options, 'host'], { encoding: 'utf8' });
    return algorithmsOf((keyword) => new RegExp(`^${keyword} (.*)$`, 'm').exec(stdout)?.[1]);
  }

  test('are no wish where they are its own, so that our order and ssh-rsa stay', () => {
    expect(answered()).toEqual({});
  });

  test.each([
    ['KexAlgorithms', 'kex', KEX_SHA1],
    ['Ciphers', 'cipher', 'aes128-cbc'],
    ['MACs', 'hmac', 'hmac-md5'],
    ['HostKeyAlgorithms', 'serverHostKey', 'ssh-dss'],
  ] as const)('carry what %s asks for', (keyword, kind: Kind, method) => {
    const list = (sign: string) => answered(`-o${keyword}=${sign}${method}`)[kind as 'kex'] as readonly string[];
    expect(list('+').at(-1)).toBe(method);
    expect(list('+').length).toBeGreaterThan(4);
    expect(list('^')[0]).toBe(method);
    expect(list('')).toEqual([method]);
  });
});
