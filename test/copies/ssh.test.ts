import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import type { Backend } from '../../src/backends/backend.ts';
import { open } from '../../src/backends/sftp/sftp.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { CannotCopyError } from '../../src/errors/errors.ts';
import type { Event } from '../../src/events/events.ts';
import { bodyOf, call, failureOf, names, text } from '../conformance/driver-calls.ts';
import { startSshd, type SshdOptions } from '../servers/sshd.ts';
import { startSftpAnimal } from '../servers/zoo/sftp.ts';
import { noise } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

interface Place extends AsyncDisposable {
  readonly backend: Backend;
  readonly said: Event[];
  /** Where the files lie. */
  readonly directory: string;
}

const CONTENT = noise(300_000).toString('base64');

async function withOld(scheme: string, options: SshdOptions, dir = tempDir()): Promise<Place> {
  const server = await startSshd(dir, options);
  const said: Event[] = [];
  const emit = (event: Event): void => void said.push(event);
  const backend = await open(parseUrl(`${scheme}://127.0.0.1:${server.port}/place`), {
    ...call,
    emit,
    settings: { sshOptions: server.options },
  });
  const directory = `${server.home}/place`;
  mkdirSync(directory);
  writeFileSync(`${directory}/old`, CONTENT);
  return {
    backend,
    said,
    directory,
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

const copying = ({ backend }: Pick<Place, 'backend'>, how = {}): Promise<unknown> =>
  failureOf(Promise.resolve(backend.copy?.('old', 'new', { ...call, ...how })));

/** A server of before 9.0, whose accounts have a shell. */
const OLD = `case "$SSH_ORIGINAL_COMMAND" in *sftp-server*) exec $SSH_ORIGINAL_COMMAND -P copy-data;; esac
exec sh -c "$SSH_ORIGINAL_COMMAND"`;
/** As `ForceCommand internal-sftp` of such a one: that is what runs, whatever is asked for. */
const FORCED = `for server in /usr/lib/openssh /usr/libexec/openssh /usr/lib/ssh
do [ ! -x $server/sftp-server ] || exec $server/sftp-server -P copy-data
done`;

describe.runIf(requireTool('sshd'))('copies by OpenSSH', () => {
  /** Over what a killed run has left, through no link, twice, and of nothing; gives what is left and said then. */
  async function copied({ backend, directory, said }: Place): Promise<readonly unknown[]> {
    writeFileSync(`${directory}/elsewhere`, 'kept');
    symlinkSync('elsewhere', `${directory}/.new.part`);
    for (let i = 0; i < 2; i++) await backend.copy?.('old', 'new', call);
    expect((await text(backend, 'new')) === CONTENT).toBe(true);
    expect(readFileSync(`${directory}/elsewhere`, 'utf8')).toBe('kept');
    for (const name of ['elsewhere', 'new']) rmSync(`${directory}/${name}`);
    const absent = await failureOf(Promise.resolve(backend.copy?.('absent', 'newer', call)));
    expect(absent).toMatchObject({ code: 'BACKEND_NOT_FOUND', retryable: false });
    return [...readdirSync(directory), ...said];
  }

  test.each([
    ['alone, by the extension copy-data', { only: 'sftp' }],
    ['without that, by its shell', { command: OLD }],
  ] as const)('a server with sftp %s', async (_title, options) => {
    await using place = await withOld('sftp', options);
    expect(await copied(place)).toEqual(['old']);
  });

  test('a server that runs sftp whatever is asked for, without the extension, copies nothing', async () => {
    await using place = await withOld('sftp', { command: FORCED });
    const failure = await copying(place);
    expect(failure).toBeInstanceOf(CannotCopyError);
    expect(failure).toMatchObject({ isForGood: true });
    expect([readdirSync(place.directory), place.said]).toEqual([['old'], []]);
    // Uploads are none the worse for it.
    await place.backend.put('name', bodyOf('x'), call);
    expect(place.backend.traits.atomicPut).toBe(true);
  });

  test('a server with a shell alone copies, or it is found out that it has not, and nothing is left', async () => {
    const dir = tempDir();
    mkdirSync(`${dir}/bin`);
    const cp = (lines: string): void => writeFileSync(`${dir}/bin/cp`, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    await using place = await withOld('scp', { only: 'shell', path: `${dir}/bin:/usr/bin:/bin` }, dir);
    cp('exec /bin/cp "$@"');
    expect(await copied(place)).toEqual(['old']);

    for (const [lines, says] of [
      ['echo "cp: something else" >&2; exit 1', /cp: something else$/],
      ['exec head -c 3 "$1" > "$2"', /has 3 of \d+ bytes$/],
      ['exit 0', /is not there$/],
    ] as const) {
      cp(lines);
      const failure = await copying(place);
      expect(failure).toBeInstanceOf(CannotCopyError);
      expect(failure).toMatchObject({ message: expect.stringMatching(says) });
      expect(readdirSync(place.directory)).toEqual(['old']);
    }

    cp('echo x > "$2"; echo "cp: No space left on device" >&2; exit 1');
    expect(await copying(place)).toMatchObject({ code: 'BACKEND_NO_SPACE', retryable: false });
    expect(readdirSync(place.directory)).toEqual(['old']);

    cp('echo > "$2"; exec sleep 60');
    const stopping = new AbortController();
    const copy = copying(place, { signal: stopping.signal });
    await expect.poll(() => readdirSync(place.directory), { timeout: 10_000 }).toContain('.new.part');
    stopping.abort(new Error('stopped'));
    expect(await copy).toMatchObject({ message: 'stopped' });
    expect(await names(place.backend)).toEqual(['old']);
  });
});

test('a server of version 3 without extensions and shell copies nothing', async () => {
  await using server = await startSftpAnimal();
  const sshOptions = `-oStrictHostKeyChecking=accept-new -oUserKnownHostsFile=${tempDir()}/known`;
  await using backend = await open(parseUrl(server.url('place')), { ...call, settings: { sshOptions } });
  await backend.put('old', bodyOf('content'), call);
  const failure = await copying({ backend });
  expect(failure).toBeInstanceOf(CannotCopyError);
  expect([failure, await names(backend)]).toMatchObject([{ isForGood: true }, ['old']]);
});
