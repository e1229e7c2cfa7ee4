import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Backend, Body } from '../../src/backends/backend.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { fullCycle, sceneAt } from '../backends/cycle.ts';
import { hasReceiver, receiverCommand, RECEIVERS } from '../servers/rsync-receivers.ts';
import { startSshd, type Sshd } from '../servers/sshd.ts';
import { isLong } from '../support/forms.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { conformance } from './conformance.ts';
import { onDisk } from './on-disk.ts';

const call = { signal: new AbortController().signal };

function bodyOf(text: string): Body {
  return {
    size: text.length,
    async *open() {
      yield Buffer.from(text);
    },
  };
}

function openAt(server: Sshd, path: string): Promise<Backend> {
  return openBackend(parseUrl(`rsync://127.0.0.1:${server.port}/${path}`), {
    ...call,
    env: process.env,
    settings: { sshOptions: server.options },
  });
}

async function listed(backend: Backend): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of backend.list(call)) names.push(name);
  return names.sort();
}

describe.runIf(requireTool('rsync') && requireTool('sshd')).each(RECEIVERS.filter(hasReceiver))(
  'an account that may run %s only',
  (receiver) => {
    const dir = tempDir();
    const store = `${dir}/restricted`;
    let server: Sshd;
    beforeAll(async () => {
      server = await startSshd(dir, { command: receiverCommand(receiver, store) });
    });
    afterAll(() => server.stop());

    // Of the others only the refusals are their own.
    if (receiver === 'rrsync') {
      conformance(`rsync to ${receiver}`, () => openAt(server, 'a/deep%20place'), {
        ...onDisk(() => `${store}/a/deep place`),
        names: isLong ? 300 : 50,
        unfinished: '.name.aB3dEf',
      });
    }

    test('names are kept, whatever the server makes of them', async () => {
      await using backend = await openAt(server, 'odd%20place');
      const names = ["it's [1]*", 'a?', 'two words', '#&$HOME', '-dash'];
      for (const name of names) await backend.put(name, bodyOf('first, longer'), call);
      for (const name of names) await backend.put(name, bodyOf(name), call);
      expect(await listed(backend)).toEqual(names.toSorted());
      for (const name of names) expect(String(await backend.get(name, buffer, call))).toBe(name);
      await backend.delete('a?', call);
      expect(await backend.stat?.('two words', call)).toEqual({ name: 'two words', size: 9 });
      expect(readdirSync(`${store}/odd place`).sort()).toEqual(names.filter((name) => name !== 'a?').toSorted());
    });

    test.runIf(isLong || receiver === 'rrsync')('every action works through the program', async () => {
      mkdirSync(`${store}/cycle`);
      const place = sceneAt(`rsync://127.0.0.1:${server.port}/cycle`);
      const args = ['--ssh-options', server.options, '--num-retries', '1'];
      expect(await fullCycle(place, args, { directory: `${store}/cycle` })).toEqual(['Full 1']);
    });

    test('a directory that is missing is made, with its parents, and what is there stays', async () => {
      await using backend = await openAt(server, 'some/where/else');
      mkdirSync(`${store}/some`);
      writeFileSync(`${store}/some/kept`, '');
      await Promise.all(['a', 'b', 'c', 'd'].map((name) => backend.put(name, bodyOf(name), call)));
      expect(readdirSync(`${store}/some/where/else`).sort()).toEqual(['a', 'b', 'c', 'd']);
      expect(existsSync(`${store}/some/kept`)).toBe(true);
      expect(await listed(backend)).toEqual(['a', 'b', 'c', 'd']);
    });

    test('a link to a file is listed, and read where the server allows it', async () => {
      await using backend = await openAt(server, 'links');
      await backend.put('file', bodyOf('content'), call);
      symlinkSync('file', `${store}/links/link`);
      expect(await listed(backend)).toEqual(['file', 'link']);
      const got = await backend.get('link', buffer, call).then(String, String);
      expect(got).toMatch(receiver === 'openrsync' ? /^content$/ : /disabled on this server|invalid rsync-command/);
    });
  },
);

describe.runIf(requireTool('rsync') && requireTool('sshd') && requireTool('rrsync')).each([
  [
    '-ro',
    ['put', 'delete'],
    'BACKEND_PERMISSION_DENIED',
    'sending to read-only server is not allowed',
    'may only read',
  ],
  ['-wo', ['list', 'get'], 'BACKEND_PERMISSION_DENIED', 'reading from write-only server is not allowed', '-no-del'],
  ['-no-del', ['delete'], 'BACKEND_PERMISSION_DENIED', 'option --delete', 'lets nothing be deleted'],
  ['-no-overwrite', ['replace'], 'BACKEND_PERMISSION_DENIED', 'keeps what it has', 'rrsync -no-overwrite'],
] as const)('rrsync %s', (option, refused, code, message, hint) => {
  const dir = tempDir();
  const store = `${dir}/restricted`;
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd(dir, { command: receiverCommand('rrsync', store, option) });
    mkdirSync(`${store}/box`);
    for (const name of ['there', 'other', 'gone']) writeFileSync(`${store}/box/${name}`, 'content');
  });
  afterAll(() => server.stop());

  test(`refuses ${refused.join(' and ')} by a sentence that says what the key may do`, async () => {
    await using backend = await openAt(server, 'box');
    const ways: Readonly<Record<string, () => Promise<unknown>>> = {
      list: () => listed(backend),
      get: () => backend.get('there', buffer, call),
      put: () => backend.put('new', bodyOf('x'), call),
      replace: () => (option === '-ro' ? Promise.resolve() : backend.put('other', bodyOf('y'), call)),
      delete: () => backend.delete('gone', call),
    };
    const failures = new Map<string, unknown>();
    for (const [way, act] of Object.entries(ways)) {
      await act().catch((error: unknown) => failures.set(way, error));
    }
    expect([...failures.keys()]).toEqual(refused);
    for (const failure of failures.values()) {
      expect(failure).toMatchObject({
        code,
        retryable: false,
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      });
    }
    expect(readFileSync(`${store}/box/there`, 'utf8')).toBe('content');
  });
});
