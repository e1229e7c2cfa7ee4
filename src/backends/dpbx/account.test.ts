import { expect, test } from 'vitest';

import { accessOf, hostsOf, type Access, type App } from './account.ts';

test.each([
  [{}, 'DPBX_APP_KEY and DPBX_REFRESH_TOKEN, or DPBX_ACCESS_TOKEN, must be set in the environment.'],
  [{ DPBX_ACCESS_TOKEN: '' }, 'DPBX_APP_KEY and DPBX_REFRESH_TOKEN, or DPBX_ACCESS_TOKEN, must be set'],
  [{ DPBX_REFRESH_TOKEN: 'r' }, 'DPBX_APP_KEY must be set beside DPBX_REFRESH_TOKEN.'],
])('%j does not do, and the failure names what is missing', (env, message) => {
  expect(() => accessOf(env)).toThrow(expect.objectContaining({ message: expect.stringContaining(message) }));
});

test.each([
  [{ DPBX_ACCESS_TOKEN: 'a' }, 'a'],
  // The token of an app that is not named.
  [{ DPBX_ACCESS_TOKEN: 'a', DPBX_REFRESH_TOKEN: 'r' }, 'a'],
  [{ DPBX_ACCESS_TOKEN: 'a', DPBX_APP_KEY: 'k' }, 'a'],
  [{ DPBX_APP_KEY: 'k', DPBX_REFRESH_TOKEN: 'r' }, 'renewed by k with r'],
  [{ DPBX_APP_KEY: 'k', DPBX_APP_SECRET: 's', DPBX_REFRESH_TOKEN: 'r' }, 'renewed by k:s with r'],
  [{ DPBX_ACCESS_TOKEN: 'a', DPBX_APP_KEY: 'k', DPBX_REFRESH_TOKEN: 'r' }, 'a renewed by k with r'],
  [{ DPBX_APP_KEY: 'k' }, 'authorize k'],
  [{ DPBX_APP_KEY: 'k', DPBX_APP_SECRET: 's' }, 'authorize k:s'],
])('%j means: %s', (env, meaning) => {
  expect(meaningOf(accessOf(env))).toBe(meaning);
});

function meaningOf(access: Access): string {
  if (access.kind === 'app') return `authorize ${shown(access.app)}`;
  const { accessToken, renewal } = access.account;
  const renewed = renewal && `renewed by ${shown(renewal.app)} with ${renewal.refreshToken.reveal()}`;
  return [accessToken?.reveal(), renewed].filter((part) => part !== undefined).join(' ');
}

function shown({ key, secret }: App): string {
  return secret === undefined ? key : `${key}:${secret.reveal()}`;
}

test.each([
  [{}, ['api.dropboxapi.com', 'content.dropboxapi.com', 'www.dropbox.com']],
  [{ DROPBOX_DOMAIN: '.test' }, ['api.test', 'content.test', 'www.test']],
  [{ DROPBOX_DOMAIN: '.test', DROPBOX_API_DOMAIN: '.api' }, ['api.api', 'content.api', 'www.test']],
  [
    { DROPBOX_API_HOST: 'a:1', DROPBOX_API_CONTENT_HOST: 'c:2', DROPBOX_WEB_HOST: 'w:3', DROPBOX_DOMAIN: '.test' },
    ['a:1', 'c:2', 'w:3'],
  ],
])('with %j the servers are %j', (env, [api, content, web]) => {
  expect(hostsOf(env)).toEqual({ api, content, web });
});
