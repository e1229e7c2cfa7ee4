import { expect, test } from 'vitest';

import { multistatusReader, nameOf, type Resource } from './multistatus.ts';

function read(text: string, step = text.length): readonly Resource[] {
  const reader = multistatusReader();
  for (let at = 0; at < text.length; at += step) reader.write(text.slice(at, at + step));
  return reader.end();
}

const answer = (prefix: string, declaration: string): string => {
  const p = prefix === '' ? '' : `${prefix}:`;
  return `<?xml version="1.0"?>
<${p}multistatus ${declaration}>
 <${p}response><${p}href>/d/</${p}href><${p}propstat><${p}prop><${p}resourcetype><${p}collection/></${p}resourcetype>
  </${p}prop><${p}status>HTTP/1.1 200 OK</${p}status></${p}propstat></${p}response>
 <${p}response><${p}href>
   /d/a%20b&amp;c</${p}href><${p}propstat><${p}prop><${p}resourcetype/><${p}getcontentlength>12</${p}getcontentlength>
  </${p}prop></${p}propstat></${p}response>
 <${p}response><${p}href>/d/e</${p}href><${p}propstat><${p}prop><${p}getcontentlength/></${p}prop>
  <${p}status>HTTP/1.1 404 Not Found</${p}status></${p}propstat></${p}response>
</${p}multistatus>`;
};

test.each([
  ['D', 'xmlns:D="DAV:"'],
  ['lp1', 'xmlns:lp1="DAV:" xmlns:D="urn:other"'],
  ['', 'xmlns="DAV:"'],
])('the prefix %j is read, in pieces of any size', (prefix, declaration) => {
  const expected = [
    { href: '/d/', isCollection: true },
    { href: '/d/a%20b&c', isCollection: false, size: 12 },
    { href: '/d/e', isCollection: false },
  ];
  for (const step of [1, 7, 100_000]) expect(read(answer(prefix, declaration), step)).toEqual(expected);
});

test('elements of another namespace mean nothing', () => {
  const text =
    '<m xmlns="DAV:" xmlns:o="o"><multistatus><response><href>/a</href><o:collection/></response></multistatus></m>';
  expect(read(text)).toEqual([{ href: '/a', isCollection: false }]);
});

test.each(['', '<html><body>Welcome</body></html>', '<multistatus xmlns="DAV:"><response>', 'not XML', '{"a":1}'])(
  '%j is refused',
  (text) => expect(() => read(text)).toThrow(/./),
);

test.each([
  ['/d/a%20b', 'a b'],
  ['http://h:1/d/100%25', '100%'],
  ['/d/%zz', '%zz'],
  ['/d/x?y#z', 'x'],
  ['/d/', ''],
])('the name in %j is %j', (href, name) => expect(nameOf(href)).toBe(name));
