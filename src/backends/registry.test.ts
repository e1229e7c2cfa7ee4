import { expect, test } from 'vitest';

import { openBackend } from './registry.ts';
import { parseUrl } from './url.ts';

const options = { signal: new AbortController().signal };

test.each([
  ['foo://u:hush@x/y', 'foo://u:*****@x/y'],
  ['par2+file:///a', 'par2+file:///a'],
])('%s has no driver: error 23 that names the URL and the known schemes', async (url, shown) => {
  await expect(openBackend(parseUrl(url), options)).rejects.toMatchObject({
    code: 'USER_ERROR',
    exitCode: 23,
    exception: 'UnsupportedBackendScheme',
    message: `UnsupportedBackendScheme: scheme not supported in url: ${shown}`,
    hint: expect.stringContaining('file://'),
  });
});

test('a file URL opens the driver of files', async () => {
  await using backend = await openBackend(parseUrl(`file://${import.meta.dirname}`), options);
  const names: string[] = [];
  for await (const { name } of backend.list(options)) names.push(name);
  expect(names).toContain('registry.test.ts');
});
