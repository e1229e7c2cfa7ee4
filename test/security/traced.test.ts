import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { startProftpd } from '../servers/proftpd.ts';
import { gnupgHome } from '../support/gnupg.ts';
import { testHome } from '../support/home.ts';
import { run, succeeded } from '../support/processes.ts';
import { root } from '../support/paths.ts';
import { NODE, runDuplicity } from '../support/run.ts';
import { put, type Scene, scene } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';

// Every system call by which a secret could get out, of a backup from its first to its last run.

const PASSPHRASE = 'hush/pass phrase%42 long enough';
const KEY = 'hush+cloud/key=0451';
const CALLS = 'execve,openat,write,writev,pwrite64,sendto,sendmsg';
/** Started as such: what else is started is a child of it. */
const PROGRAM = [NODE, `${root}/scripts/run.cjs`];

/** A text, and what it may look like where it is hidden badly. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  // Of base64 the ends depend on what stands around.
  const encoded = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(shift === 0 ? 0 : shift + 1, -2);
  });
  const hex = bytes.toString('hex');
  const escaped = encodeURIComponent(secret);
  return [secret, ...encoded, hex, hex.toUpperCase(), escaped, escaped.toLowerCase(), encodeURI(secret)];
}

const requireAll = ['strace', 'gpg', 'proftpd'].map((name) => requireTool(name)).every(Boolean);

beforeAll(async () => {
  // What is traced below is built then.
  if (requireAll) await runDuplicity(['--version']);
});

async function traced(s: Scene, runs: readonly (readonly string[])[], env: Record<string, string>): Promise<string[]> {
  const trace = `${s.dir}/trace`;
  const strace = ['-f', '-qq', '-v', '-yy', '-A', '-s', '100000', '-o', trace, '-e', `trace=${CALLS}`];
  writeFileSync(trace, '');
  for (const words of runs) {
    const log = `${testHome()}/log`;
    const args = ['-v9', '--log-file', log, '--json', '--gpg-options', '--cipher-algo CAMELLIA256', ...words];
    const { stdout, stderr } = succeeded(await run('strace', [...strace, ...PROGRAM, ...args], { env }));
    expect([stdout, stderr, readFileSync(log, 'utf8')].filter((text) => text.includes('hush'))).toEqual([]);
  }
  // What the environment and the words of the program itself hold, its user has put there.
  return readFileSync(trace, 'latin1')
    .split('\n')
    .filter((line) => !line.includes(`execve("${NODE}"`));
}

test.runIf(requireAll)('a secret goes to gpg by a pipe and to its server, and nowhere else', async () => {
  const s = scene();
  const server = await startProftpd(tempDir());
  put(s.source, { a: 'one' });
  const second = server.url('ftp', `${server.home}/second`);
  const at = (k: number, ...words: readonly string[]) => ['--current-time', String(timeOfSet(k)), ...words];
  const lines = await traced(
    s,
    [
      at(0, 'full', s.source, s.url),
      at(1, 'incr', s.source, s.url),
      at(2, 'incr', s.source, s.url),
      ['squash', '--from', String(timeOfSet(0)), '--to', String(timeOfSet(2)), s.url],
      ['check', '--read-data', s.url],
      ['mirror', s.url, second],
      ['restore', second, `${s.dir}/out`],
    ],
    { PASSPHRASE, GNUPGHOME: gnupgHome(), AWS_SECRET_ACCESS_KEY: KEY, FTP_PASSWORD: KEY, SWIFT_PREAUTHTOKEN: KEY },
  );
  const holding = (secret: string): readonly string[] =>
    lines.filter((line) => formsOf(secret).some((form) => line.includes(form)));
  // Whoever is asked about has to be there.
  expect(lines.filter((line) => /execve\(".*gpg"/.test(line))).not.toEqual([]);
  expect(holding(PASSPHRASE)).not.toEqual([]);
  expect(holding(server.password)).not.toEqual([]);

  const toGpg = new RegExp(`write\\(\\d+<(pipe|UNIX)[^"]*"${PASSPHRASE}", ${PASSPHRASE.length}\\b`);
  const toServer = new RegExp(`(write|sendto)\\(\\d+<TCP[^"]*"PASS ${server.password}\\\\r\\\\n"`);
  expect(holding(PASSPHRASE).filter((line) => !toGpg.test(line))).toEqual([]);
  expect(holding(server.password).filter((line) => !toServer.test(line))).toEqual([]);
  expect(holding(KEY)).toEqual([]);
  await server.stop();
});
