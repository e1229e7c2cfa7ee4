import { createHmac } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { hostEntry, judge, knownKeys } from './known-hosts.ts';

const KEY = Buffer.from('the key of the server');
const OTHER = Buffer.from('another key');

function line(hosts: string, key = KEY, marker = ''): string {
  return `${marker} ${hosts} ssh-ed25519 ${key.toString('base64')} comment`.trim();
}

function hashed(entry: string): string {
  const salt = Buffer.from('twenty bytes of salt');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(entry).digest('base64')}`;
}

function verdict(text: string, port = 22): string {
  return judge(knownKeys(text, { file: 'known', host: 'store.example', port }), KEY).kind;
}

describe('a key', () => {
  test.each([
    ['of the host', line('store.example'), 22, 'known'],
    ['of the host in other letters, in a list', line('a,Store.Example'), 22, 'known'],
    ['behind tabs and blanks', `  ${line('store.example').replaceAll(' ', '\t')}`, 22, 'known'],
    ['under a pattern', line('*.example'), 22, 'known'],
    ['under a pattern with an exception', line('*.example,!store.*'), 22, 'unknown'],
    ['under a name that only looks like the pattern', line('storeXexample'), 22, 'unknown'],
    ['under a hashed name', line(hashed('store.example')), 22, 'known'],
    ['of another hashed name', line(hashed('other.example')), 22, 'unknown'],
    ['of the port', line('[store.example]:2222'), 2222, 'known'],
    ['of the port, hashed', line(hashed('[store.example]:2222')), 2222, 'known'],
    ['of another port', line('[store.example]:2223'), 2222, 'unknown'],
    ['of the host without the port', line('store.example'), 2222, 'known'],
    ['that differs from that of the host', line('store.example', OTHER), 22, 'changed'],
    ['that differs from that of the port', line('[store.example]:2222', OTHER), 2222, 'changed'],
    ['that differs from that of the host on another port', line('store.example', OTHER), 2222, 'unknown'],
    ['beside another one', `${line('store.example', OTHER)}\n${line('store.example')}`, 22, 'known'],
    ['that is revoked', `${line('store.example')}\n${line('*', KEY, '@revoked')}`, 22, 'revoked'],
    ['beside one that is revoked', `${line('store.example')}\n${line('*', OTHER, '@revoked')}`, 22, 'known'],
    ['under an authority', line('*.example', OTHER, '@cert-authority'), 22, 'authority'],
    ['that equals that of an authority', line('*.example', KEY, '@cert-authority'), 22, 'authority'],
    ['in a comment', `# ${line('store.example')}`, 22, 'unknown'],
    ['in a cut line', 'store.example ssh-ed25519', 22, 'unknown'],
  ])('%s', (_what, text, port, kind) => expect(verdict(text, port)).toBe(kind));
});

test('a change says where the known key stands', () => {
  const keys = knownKeys(`\n# none\n${line('store.example', OTHER)}`, { file: '/k', host: 'store.example', port: 22 });
  expect(judge(keys, KEY)).toEqual({ kind: 'changed', place: '/k:3' });
});

test('an entry names the port unless it is 22', () => {
  expect([hostEntry('::1', 22), hostEntry('::1', 23)]).toEqual(['::1', '[::1]:23']);
});
