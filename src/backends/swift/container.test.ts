import { expect, test } from 'vitest';

import { refusal } from './failure.ts';
import { listObjects } from './container.ts';
import type { Store } from './store.ts';

/** A store that answers each page in turn. */
function storeOf(pages: readonly { readonly status: number; readonly text: string }[]): Store {
  let at = 0;
  return {
    stream: () => Promise.reject(new Error('not here')),
    async whole(task, { accept = [] }) {
      const { status, text } = pages[at++] ?? { status: 500, text: '' };
      if (status !== 200 && !accept.includes(status)) throw refusal(task, { status, headers: {} });
      return { status, text, headers: {} };
    },
  };
}

async function namesIn(...pages: readonly { readonly status: number; readonly text: string }[]): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of listObjects(storeOf(pages), 'c', '', new AbortController().signal)) names.push(name);
  return names;
}

const FIRST = { status: 200, text: '[{"name":"a","bytes":1}]' };
const NONE = { status: 200, text: '[]' };
const GONE = { status: 404, text: '' };

test('a listing ends with an empty page', async () => {
  expect(await namesIn(FIRST, NONE)).toEqual(['a']);
  expect(await namesIn(GONE)).toEqual([]);
});

test('what is no page of a listing is a failure, not the end', async () => {
  await expect(namesIn({ status: 200, text: '<html>Log in first.</html>' })).rejects.toMatchObject({ retryable: true });
  await expect(namesIn(FIRST, { status: 200, text: '{}' })).rejects.toThrow('answer is no listing');
  await expect(namesIn(FIRST, GONE)).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND' });
});
