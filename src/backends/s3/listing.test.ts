import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';

import { parseUrl } from '../url/url.ts';
import { open } from './s3.ts';

const PAGE = 10;
const KEYS = Array.from({ length: 25 }, (_, i) => `place/f${String(i).padStart(2, '0')}`);

/** Names that the driver finds on a store that knows only the first version of the listing. */
async function listed(pageFrom: (marker: string) => readonly string[], root = 'ListBucketResult'): Promise<string[]> {
  const server = createServer((request, response) => {
    const marker = new URL(request.url ?? '', 'http://store').searchParams.get('marker') ?? '';
    const keys = pageFrom(marker);
    const contents = keys.slice(0, PAGE).map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`);
    const isTruncated = `<IsTruncated>${keys.length > PAGE}</IsTruncated>`;
    const text =
      root === 'html'
        ? '<html><body>Log in first.</body></html>'
        : `<${root}>${isTruncated}${contents.join('')}</${root}>`;
    response.setHeader('Content-Type', 'application/xml');
    response.end(request.method === 'HEAD' ? '' : text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const options = {
      signal: new AbortController().signal,
      env: { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' },
      settings: { s3EndpointUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    };
    await using backend = await open(parseUrl('s3://bucket/place'), options);
    const names: string[] = [];
    for await (const { name } of backend.list(options)) names.push(name);
    return names;
  } finally {
    server.close().closeAllConnections();
  }
}

test('a store that does not know the second version of the listing is read to its end by the first', async () => {
  const names = await listed((marker) => KEYS.filter((key) => key > marker));
  expect(names).toEqual(KEYS.map((key) => key.slice('place/'.length)));
});

test('a listing that is cut short and does not go on is an error, not a shorter one', async () => {
  await expect(listed(() => KEYS)).rejects.toThrow('cuts the listing short');
});

test('a page of somebody else in the place of a listing is an error, not an empty bucket', async () => {
  await expect(listed(() => [], 'html')).rejects.toMatchObject({ code: 'BACKEND_ERROR', retryable: true });
  expect(await listed(() => [])).toEqual([]);
});
