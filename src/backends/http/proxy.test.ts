import { expect, test } from 'vitest';

import { proxyFor } from './proxy.ts';

function shown(url: string, env: Readonly<Record<string, string>>): string | undefined {
  const proxy = proxyFor(url, env);
  return proxy && [proxy.user, proxy.password?.reveal(), proxy.host, proxy.port].join(' ').trim();
}

test.each<[string, Record<string, string>, string | undefined]>([
  ['https://s3.example.net', {}, undefined],
  ['https://s3.example.net', { https_proxy: 'http://proxy:3128' }, 'proxy 3128'],
  ['https://s3.example.net', { HTTPS_PROXY: 'proxy:3128' }, 'proxy 3128'],
  ['https://s3.example.net', { https_proxy: 'http://small:1', HTTPS_PROXY: 'http://large:1' }, 'small 1'],
  ['https://s3.example.net', { http_proxy: 'http://proxy:3128' }, undefined],
  ['http://s3.example.net', { http_proxy: 'http://proxy' }, 'proxy 80'],
  ['http://s3.example.net', { all_proxy: 'http://[::1]:8' }, '::1 8'],
  ['http://s3.example.net', { http_proxy: '' }, undefined],
  ['https://h', { https_proxy: 'http://us%40er:p%3Aw@proxy:8' }, 'us@er p:w proxy 8'],
])('%s with %j goes through %j', (url, env, proxy) => expect(shown(url, env)).toBe(proxy));

test.each([
  ['*', true],
  ['example.net', true],
  ['.example.net', true],
  ['*.example.net', true],
  ['other.org, S3.example.net', true],
  ['s3.example.net:9000', true],
  ['s3.example.net:9001', false],
  ['ample.net', false],
  ['10.0.0.0/8', false],
])('no_proxy=%s spares s3.example.net:9000: %s', (exceptions, isSpared) => {
  const env = { https_proxy: 'http://proxy:1', no_proxy: exceptions };
  expect(shown('https://s3.example.net:9000', env)).toBe(isSpared ? undefined : 'proxy 1');
});

test.each([
  ['http://10.1.2.3', '10.0.0.0/8', true],
  ['http://11.1.2.3', '10.0.0.0/8', false],
  ['http://127.0.0.1:9000', '127.0.0.1', true],
  ['http://[fd00::1]', 'fd00::/8', true],
])('%s is spared by no_proxy=%s: %s', (url, exceptions, isSpared) => {
  expect(shown(url, { all_proxy: 'http://proxy:1', NO_PROXY: exceptions })).toBe(isSpared ? undefined : 'proxy 1');
});

test.each(['socks5://user:hush@proxy:1080', 'https://user:hush@proxy:1', 'http://user:hush@:x'])(
  'a proxy of another kind is refused without showing it: %s',
  (text) => {
    expect(() => proxyFor('http://h', { http_proxy: text })).toThrow('no HTTP proxy');
    expect(() => proxyFor('http://h', { http_proxy: text })).not.toThrow('hush');
  },
);
