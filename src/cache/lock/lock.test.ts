import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { constants, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { formatHolder, lifeOf, parseHolder } from './lock-holder.ts';
import { takeLock } from './lock.ts';
import { startOf, thisProcess } from './this-process.ts';

const { errno } = constants;

let directory: string;
let lockfile: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lock-test-'));
  lockfile = join(directory, 'lockfile');
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  rmSync(directory, { recursive: true, force: true });
});

const BUSY = {
  code: 'USER_ERROR',
  exitCode: 23,
  message: 'Another duplicity instance is already running with this archive directory',
};

/** Takes the lock the way the reference does. */
const PYTHON = `
import fcntl, sys
file = open(sys.argv[1], 'a')
try:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    sys.exit(1)
print('locked', flush=True)
sys.stdin.read()
`;
const OURS = `
import { takeLock } from ${JSON.stringify(join(import.meta.dirname, 'lock.ts'))};
await takeLock(process.argv[1]);
console.log('locked');
process.stdin.resume();
`;

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(!hasPython)('beside the reference’s lock', () => {
  test('ours is refused while it is held, and taken when its process is killed', async () => {
    const child = await holder('python3', ['-c', PYTHON, lockfile]);
    await expect(takeLock(directory)).rejects.toMatchObject({ ...BUSY, hint: expect.stringContaining('not known') });
    await kill(child);
    const lock = await takeLock(directory);
    lock.release();
  });

  test('ours refuses it while it is held, and no longer', async () => {
    const lock = await takeLock(directory);
    expect(pythonStatus()).toBe(1);
    lock.release();
    expect(pythonStatus()).toBe(0);
  });

  test('ours does not mind what the reference leaves behind', async () => {
    writeFileSync(lockfile, '');
    const lock = await takeLock(directory);
    expect(pythonStatus()).toBe(1);
    lock.release();
  });
});

describe('two runs of this program', () => {
  test('exclude each other, and the second is told who is first', async () => {
    const child = await holder(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', OURS, directory]);
    await expect(takeLock(directory)).rejects.toMatchObject({
      ...BUSY,
      hint: expect.stringMatching(`^It is process ${child.pid} on ${hostname()}, for \\d+ s\\. `),
    });
    await kill(child);
    expect(existsSync(lockfile)).toBe(true);
    const lock = await takeLock(directory);
    expect(readFileSync(lockfile, 'utf8')).toContain(`pid ${process.pid} `);
    lock.release();
  });

  test('in one process exclude each other, too', async () => {
    const lock = await takeLock(directory);
    await expect(takeLock(directory)).rejects.toMatchObject(BUSY);
    lock.release();
    (await takeLock(directory)).release();
  });

  test.skipIf(!hasPython)('of which one is dead are not told of it', async () => {
    const child = await holder('python3', ['-c', PYTHON, lockfile]);
    writeFileSync(lockfile, `pid ${deadPid()} host ${hostname()} since 1700000000\n`);
    await expect(takeLock(directory)).rejects.toMatchObject({ hint: expect.stringContaining('not known') });
    writeFileSync(lockfile, 'pid 1 host far.example.org since 1700000000\n');
    await expect(takeLock(directory)).rejects.toMatchObject({
      hint: expect.stringMatching(/far\.example\.org, for \d+ h/),
    });
    await kill(child);
  });
});

describe('the lock file', () => {
  test('is the owner’s alone and gone after the release', async () => {
    const lock = await takeLock(directory);
    expect(lock.warning).toBeUndefined();
    expect(statSync(lockfile).mode & 0o777).toBe(0o600);
    lock.release();
    expect(existsSync(lockfile)).toBe(false);
    lock.release();
  });

  test('of another run is left alone by a late release', async () => {
    const lock = await takeLock(directory);
    rmSync(lockfile);
    const other = await takeLock(directory);
    lock.release();
    expect(existsSync(lockfile)).toBe(true);
    await expect(takeLock(directory)).rejects.toMatchObject(BUSY);
    other.release();
  });

  test('that is removed between opening and locking is made anew', async () => {
    let calls = 0;
    const lock = await takeLock(directory, () =>
      Promise.resolve(() => {
        // What a run that ends at this very moment does.
        if (calls++ === 0) rmSync(lockfile);
        return true;
      }),
    );
    expect(calls).toBe(2);
    expect(existsSync(lockfile)).toBe(true);
    lock.release();
  });

  test('in a directory that is gone is a bad archive dir', async () => {
    await expect(takeLock(join(directory, 'gone'))).rejects.toMatchObject({ code: 'BAD_ARCHIVE_DIR' });
  });
});

describe('without file locks of the system', () => {
  const none = (): Promise<never> => Promise.reject(new Error('no prebuilt binary'));
  const pidFile = (): string => join(directory, 'lockfile.pid');

  test('a file that names the process has to do, and says so', async () => {
    const lock = await takeLock(directory, none);
    expect(lock.warning).toContain('cannot be locked');
    expect(readFileSync(pidFile(), 'utf8')).toContain(`pid ${process.pid} `);
    await expect(takeLock(directory, none)).rejects.toMatchObject(BUSY);
    lock.release();
    expect(existsSync(pidFile())).toBe(false);
    (await takeLock(directory, none)).release();
  });

  // libuv has no name for the number of ENOLCK, which NFS without a lock service answers.
  test.each([
    'ENOSYS',
    'ENOTSUP',
    'EOPNOTSUPP',
    'EINVAL',
    `Unknown system error -${errno.ENOLCK}`,
    `Unknown system error -${errno.EOPNOTSUPP}`,
  ])('that file has to do on a file system that answers %s', async (code) => {
    const refused = Object.assign(new Error('no locks'), { code });
    const lock = await takeLock(directory, () =>
      Promise.resolve(() => {
        throw refused;
      }),
    );
    expect(lock.warning).toBeDefined();
    lock.release();
  });

  test('what else the system answers is said of the archive dir', async () => {
    const refused = Object.assign(new Error('odd'), { code: 'Unknown system error -999' });
    const lock = takeLock(directory, () =>
      Promise.resolve(() => {
        throw refused;
      }),
    );
    await expect(lock).rejects.toMatchObject({ code: 'BAD_ARCHIVE_DIR' });
  });

  test('the file of a dead process is taken over', async () => {
    writeFileSync(pidFile(), `pid ${deadPid()} host ${hostname()} since 1700000000\n`);
    const lock = await takeLock(directory, none);
    expect(readFileSync(pidFile(), 'utf8')).toContain(`pid ${process.pid} `);
    lock.release();
  });

  test.each([
    ['a process on another host', 'pid 1 host elsewhere.example.org since 1700000000\n', 'Tue Nov 14 22:13:20 2023'],
    ['a process unknown', '', 'Thu Jan  1 00:00:09 1970'],
  ])('the file of %s is respected, and named', async (_, content, time) => {
    vi.stubEnv('TZ', 'UTC');
    writeFileSync(pidFile(), content);
    utimesSync(pidFile(), 9, 9);
    const hint = `cannot be seen from here. If it does not, delete ${pidFile()}, which is from ${time}.`;
    await expect(takeLock(directory, none)).rejects.toMatchObject({ ...BUSY, hint: expect.stringContaining(hint) });
    expect(readFileSync(pidFile(), 'utf8')).toBe(content);
    vi.unstubAllEnvs();
  });

  test('the file of a running process is respected', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    children.push(child);
    writeFileSync(pidFile(), formatHolder({ ...thisProcess(), pid: child.pid ?? 0, start: startOf(child.pid ?? 0) }));
    await expect(takeLock(directory, none)).rejects.toMatchObject({
      ...BUSY,
      hint: expect.stringMatching(`^It is process ${child.pid} on .* Wait for it`),
    });
  });

  test('the file with the own number, which a killed container left, is taken over', async () => {
    for (const line of [`pid ${process.pid} host ${hostname()} since 1700000000\n`, formatHolder(thisProcess())]) {
      writeFileSync(pidFile(), line);
      const lock = await takeLock(directory, none);
      expect(readFileSync(pidFile(), 'utf8')).not.toBe(line.replace(/ since.*/s, ' since 1700000000\n'));
      lock.release();
    }
  });
});

describe('a line in a lock file', () => {
  const here = { pid: 7, host: 'box', since: 1_700_000_000, boot: 'b1', space: '11', start: '500' };
  // Of a process that is there, and of one that is not.
  const there = { ...here, pid: process.pid, start: startOf('self') };
  const gone = { ...here, pid: deadPid() };

  test.each([
    ['of a process that runs', there, 'runs'],
    ['of a process that is gone', gone, 'ended'],
    ['of a process whose number another one has now', { ...there, start: '1' }, 'ended'],
    ['with the own number', { ...here, start: '1' }, 'ended'],
    ['with the own number in another container of this machine', { ...here, host: 'box2', space: '12' }, 'ended'],
    ['of another container of this machine', { ...there, host: 'box2', space: '12' }, 'unknown'],
    ['of this machine before it was started again', { ...there, boot: 'b0' }, 'ended'],
    ['of another machine', { ...there, host: 'far', boot: 'b9' }, 'unknown'],
    ['of a process whose system tells nothing', { pid: process.pid, host: 'box', since: 1 }, 'runs'],
    ['of a dead one whose system tells nothing', { pid: gone.pid, host: 'box', since: 1 }, 'ended'],
    ['of another host that tells nothing', { pid: 7, host: 'far', since: 1 }, 'unknown'],
  ] as const)('%s', (_, holder, life) => {
    expect(lifeOf(holder, here)).toBe(life);
    expect(parseHolder(formatHolder(holder))).toEqual(holder);
  });
});

async function holder(command: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  expect(text.toString().trim()).toBe('locked');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function pythonStatus(): number | null {
  return spawnSync('python3', ['-c', PYTHON, lockfile], { input: '' }).status;
}

function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '0']).pid;
}
