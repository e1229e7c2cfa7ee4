import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { tempDir } from '../../../test/support/temp.ts';
import { NO_PREFIXES } from '../../archive/names/names.ts';
import { readOthers } from './share.ts';

test('the ledger of another machine may have any number of lines', async () => {
  const path = `${tempDir()}/ledger`;
  const count = 200_000;
  writeFileSync(path, '{"what":"removed","at":1,"set":"full 1 1"}\n'.repeat(count));
  const said: unknown[] = [];
  const repository = {
    remote: { fetch: async () => ({ path, release: () => {} }) },
    emit: (event: unknown) => said.push(event),
    call: { signal: new AbortController().signal },
  };
  const ledger = { history: { machine: 'ours' }, others: ['ledger-00000000.jsonl'], prefixes: NO_PREFIXES };
  expect(await readOthers(repository as never, ledger as never)).toHaveLength(count);
  expect(said).toEqual([]);
});
