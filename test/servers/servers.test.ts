import { expect, test } from 'vitest';
import { requireSwift, startSwift } from './swift.ts';

test.runIf(requireSwift())('Swift starts, makes a container and ends', async () => {
  const server = await startSwift();
  expect((await server.request('PUT', '/container')).status).toBe(201);
  const asked = await fetch(`${server.origin}/v3/auth/tokens`, {
    method: 'POST',
    body: '{"auth":{"identity":{"password":{"user":{"id":"user-id","password":"testing"}}},"scope":{"project":{"id":"project-id"}}}}',
  });
  expect(asked.status).toBe(201);
  expect(asked.headers.get('x-subject-token')).toMatch(/./);
  await server[Symbol.asyncDispose]();
  await expect(server.request('HEAD', '/container')).rejects.toThrow('fetch failed');
});
