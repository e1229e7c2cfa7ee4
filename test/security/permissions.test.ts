import { lstatSync, readdirSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import { run } from '../support/processes.ts';
import { backUp, command, faults, noise, PLAIN, put, type Scene, scene } from '../support/scene.ts';
import { requireTool } from '../support/tools.ts';

let s: Scene;
beforeEach(() => {
  s = scene();
  put(s.source, { a: noise(2_500_000), b: 'b' });
});

/** `mode path` of all that lies below, `.` included. */
function modesBelow(dir: string): readonly string[] {
  return ['', ...readdirSync(dir, { recursive: true, encoding: 'utf8' })].map((name) => {
    const stat = lstatSync(`${dir}/${name}`);
    return `${(stat.mode & 0o7777).toString(8)} ${stat.isDirectory() ? 'directory' : 'file'} ${name}`;
  });
}

const notPrivate = (modes: readonly string[]): readonly string[] =>
  modes.filter((line) => !/^(?:700 directory|600 file) /.test(line));

test.each(['000', '077', '777'])(
  'what a run keeps and leaves here is for its owner alone with umask %s',
  async (umask) => {
    // The process stops in the middle of its work and leaves everything as it is.
    const words = [...(await command()), ...PLAIN, '--volsize', '1', '--concurrency', '1', s.source, s.url];
    const { status } = await run('sh', ['-c', `umask ${umask}; exec "$@"`, 'sh', ...words], {
      ...faults({ op: 'put', match: '.vol2.', do: 'exit', code: 99 }),
    });
    expect(status).toBe(99);
    const archive = modesBelow(`${testHome()}/.cache/duplicity`).slice(1);
    expect(archive.filter((line) => line.endsWith('.part'))).toHaveLength(2);
    expect(archive.some((line) => line.endsWith('-tempdir'))).toBe(true);
    expect(notPrivate(archive)).toEqual([]);
    const temporary = modesBelow(`${testHome()}/tmp`).slice(1);
    expect(temporary.some((line) => line.includes('vol'))).toBe(true);
    expect(notPrivate(temporary)).toEqual([]);
  },
);

test('the archive dir of a finished backup is too', async () => {
  await backUp(s, 0);
  const archive = modesBelow(`${testHome()}/.cache/duplicity`);
  expect(archive.length).toBeGreaterThan(3);
  expect(notPrivate(archive)).toEqual([]);
});

test.runIf(requireTool('strace'))('a restored file is never open to others before it has its mode', async () => {
  put(s.source, { secret: noise(200_000) });
  await backUp(s, 0);
  const words = [...(await command()), ...PLAIN, '--volsize', '1', s.url, `${s.dir}/out`];
  const script = 'umask 0; strace -f -qq -e trace=openat,mkdir,mkdirat -o trace "$@"; cat trace';
  const { stdout } = await run('sh', ['-c', script, 'sh', ...words]);
  const made = stdout.split('\n').filter((line) => line.includes(`"${s.dir}/out`) && /O_CREAT|mkdir/.test(line));
  expect(made.length).toBeGreaterThan(0);
  expect(made.filter((line) => !/0600\)|0700\)/.test(line))).toEqual([]);
});
