import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { answerChallenges, isStale } from './auth.ts';

const credentials = { user: 'Mufasa', password: 'Circle of Life' };
const RFC = 'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"';

function fieldsOf(header: string): Record<string, string> {
  return Object.fromEntries([...header.matchAll(/(\w+)=(?:"([^"]*)"|([^,]*))/g)].map(([, key, a, b]) => [key, a ?? b]));
}

describe('answers to challenges', () => {
  test('Basic sends user and password as UTF-8', () => {
    const authorize = answerChallenges(['Basic realm="x"'], { user: 'ü', password: 'a:b' });
    expect(authorize?.('GET', '/')).toBe(`Basic ${Buffer.from('ü:a:b').toString('base64')}`);
  });

  test.each([
    ['MD5', 'md5'],
    ['SHA-256', 'sha256'],
  ])('Digest with %s is that of RFC 7616 and counts its requests', (algorithm, hash) => {
    const authorize = answerChallenges([`Digest ${RFC}, algorithm=${algorithm}, opaque="o\\"p"`], credentials);
    const h = (text: string): string => createHash(hash).update(text).digest('hex');
    for (const nc of ['00000001', '00000002']) {
      const fields = fieldsOf(authorize?.('PUT', '/a%20b?c') ?? '');
      const middle = `7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:${nc}:${fields['cnonce']}:auth`;
      const response = h(`${h('Mufasa:http-auth@example.org:Circle of Life')}:${middle}:${h('PUT:/a%20b?c')}`);
      expect(fields).toMatchObject({ username: 'Mufasa', uri: '/a%20b?c', qop: 'auth', nc, algorithm, response });
    }
  });

  test('Digest without qop is that of RFC 2069', () => {
    const h = (text: string): string => createHash('md5').update(text).digest('hex');
    const authorize = answerChallenges(['Digest realm="r", nonce="n"'], credentials);
    const fields = fieldsOf(authorize?.('GET', '/x') ?? '');
    expect(fields).toEqual({
      username: 'Mufasa',
      realm: 'r',
      nonce: 'n',
      uri: '/x',
      response: h(`${h('Mufasa:r:Circle of Life')}:n:${h('GET:/x')}`),
    });
  });

  test.each([
    ['Digest goes before Basic', ['Basic realm="a"', `Digest ${RFC}`], 'Digest'],
    ['in one header too', [`Basic realm="a, b", Digest ${RFC}`], 'Digest'],
    ['Basic where the digest is unknown', [`Digest ${RFC}, algorithm=XYZ`, 'Basic realm="a"'], 'Basic'],
    ['Basic beside what needs a ticket', ['Negotiate', 'Basic realm="a"'], 'Basic'],
  ])('%s', (_case, headers, scheme) => {
    expect(answerChallenges(headers, credentials)?.('GET', '/').split(' ', 1)[0]).toBe(scheme);
  });

  test('there is none to a scheme that is not known', () => {
    expect(answerChallenges(['Negotiate', 'Bearer realm="x"'], credentials)).toBeUndefined();
  });

  test('a stale nonce is told from a wrong password', () => {
    expect(isStale([`Digest ${RFC}, stale=TRUE`])).toBe(true);
    expect(isStale([`Digest ${RFC}, stale=false`])).toBe(false);
  });
});
