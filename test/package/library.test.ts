import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { registryEnv, testHome } from '../support/home.ts';
import { listing } from '../support/listing.ts';
import { root } from '../support/paths.ts';
import { run, succeeded } from '../support/processes.ts';
import { tempDir } from '../support/temp.ts';
import { noise } from '../support/scene.ts';

const INSTALL_MS = 300_000;

/** A project that has the packed library installed, and a program made of TypeScript. */
let project: string;

beforeAll(async () => {
  project = tempDir();
  const npm = (args: readonly string[], cwd: string) =>
    run('npm', [...args, '--loglevel=error', '--no-audit', '--no-fund'], {
      cwd,
      env: registryEnv(),
      timeoutMs: INSTALL_MS,
    });
  const { stdout } = succeeded(await npm(['pack', '--json', '--pack-destination', project], root));
  const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }];
  const config = {
    compilerOptions: {
      target: 'es2022',
      module: 'nodenext',
      lib: ['es2023', 'esnext.disposable'],
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      types: ['node'],
      typeRoots: [`${root}/node_modules/@types`],
    },
    files: ['consumer.ts'],
  };
  writeFileSync(`${project}/package.json`, JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  writeFileSync(`${project}/tsconfig.json`, JSON.stringify(config));
  copyFileSync(`${import.meta.dirname}/consumer/consumer.ts`, `${project}/consumer.ts`);
  succeeded(await npm(['install', '--omit=optional', `./${filename}`], project));
  succeeded(await run(`${root}/node_modules/.bin/tsc`, ['-p', '.'], { cwd: project }));
}, INSTALL_MS);

/** A source of several volumes. */
function sourceIn(home: string): string {
  mkdirSync(`${home}/source/d`, { recursive: true });
  mkdirSync(`${home}/tmp`, { recursive: true });
  writeFileSync(`${home}/source/a`, 'letter\n');
  writeFileSync(`${home}/source/d/large`, noise(3_500_000, 1));
  return `${home}/source`;
}

async function consumer(mode: string, home: string): Promise<unknown> {
  const result = await run('node', ['consumer.js', mode, home, sourceIn(home)], { cwd: project });
  expect(result.stderr).toBe('');
  return JSON.parse(succeeded(result).stdout);
}

const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');
const LARGE = sha256(noise(3_500_000, 1));
const LIFE = {
  kind: 'stored',
  type: 'full',
  volumes: 4,
  files: 4,
  paths: ['', 'a', 'd', 'd/large'],
  sizes: 2,
  sets: [1],
  hash: LARGE,
  versions: ['new'],
};

test('a program in strict TypeScript backs up, lists, and reads a file as a stream', async () => {
  expect(await consumer('life', testHome())).toEqual(LIFE);
});

test('a backup that a signal ends goes on with the next, and leaves nothing behind', async () => {
  const home = testHome();
  const found = await consumer('abort', home);
  expect(found).toMatchObject({ isReason: true, listeners: 0, kind: 'stored', differences: 0, changed: false });
  expect(
    (found as { readonly sentAgain: readonly string[] }).sentAgain.filter((name) => /^vol[12]\./.test(name)),
  ).toEqual([]);
  expect(readdirSync(`${home}/tmp`)).toEqual([]);
});

test('two stores at once do not disturb each other', async () => {
  const home = testHome();
  const small = sha256('letter\n');
  expect(await consumer('two', home)).toEqual({ both: [LIFE, LIFE], reads: [small, LARGE, small] });
  const content = (tree: string) => listing(tree).map(({ path, type, sha256 }) => ({ path, type, sha256 }));
  expect(content(`${home}/back-one`)).toEqual(content(`${home}/source`));
  expect(content(`${home}/back-two`)).toEqual(content(`${home}/source`));
});

test('a hundred stores opened and closed leave no handle, listener or file', async () => {
  const home = testHome();
  const { before, after } = (await consumer('cycles', home)) as { readonly before: unknown; readonly after: unknown };
  expect(after).toEqual(before);
});

test('what fails has a code and a sentence, and the environment is not read', async () => {
  const home = testHome();
  await consumer('life', home);
  const hint: unknown = expect.any(String);
  const says = (text: string): unknown => expect.stringContaining(text);
  expect(await consumer('failures', home)).toEqual([
    ['USER_ERROR', 'The store is closed.', null],
    ['USER_ERROR', 'The store is closed.', null],
    ['USER_ERROR', says('without `passphrase`'), hint],
    ['RESTORE_PATH_NOT_FOUND', says('nowhere'), hint],
    ['USER_ERROR', 'relative is not an absolute path.', hint],
    'Error: before it began',
    ['USER_ERROR', says('UnsupportedBackendScheme'), hint],
  ]);
});

function blocks(file: string, heading: string | undefined): readonly string[] {
  const text = readFileSync(`${root}/${file}`, 'utf8');
  const part = heading === undefined ? text : (text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '');
  return [...part.matchAll(/```js\n([^]*?)```/g)].map(([, code = '']) => code);
}

/** Runs what a document shows, in a home that has something to back up. */
async function runShown(code: string): Promise<string> {
  const home = testHome();
  sourceIn(home);
  mkdirSync(`${home}/source/docs`);
  writeFileSync(`${home}/source/docs/letter.txt`, 'Dear reader\n');
  const here = code
    .replaceAll('/srv/', `${home}/srv/`)
    .replaceAll('/var/cache/', `${home}/cache/`)
    .replaceAll('/home/me', `${home}/source`);
  writeFileSync(`${project}/shown.mjs`, here.replaceAll('await using', 'const'));
  const result = await run('node', ['shown.mjs', home], { cwd: project });
  expect(result.stderr).toBe('');
  return succeeded(result).stdout;
}

test('the lines of the README are what happens', async () => {
  const [code = ''] = blocks('README.md', 'Use it from Node');
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(10);
  expect(await runShown(code)).toContain('Dear reader');
});

test('the examples of the documentation run', async () => {
  const [open = '', ...examples] = blocks('docs/api.md', undefined);
  const order = (code: string): number => (code.includes('store.backup') ? 0 : code.includes('store.close') ? 2 : 1);
  const parts = examples.toSorted((a, b) => order(a) - order(b)).map((code) => `{\n${code}}\n`);
  const head = `import { openStore } from 'duplicity-ts';
const print = (...words) => console.log(...words);
const readSecret = () => 'a passphrase';
const scratch = process.argv[2];
const home = '/home/me';
`;
  const other =
    "{ const { cpSync } = await import('node:fs'); cpSync('/srv/backup', '/srv/other', { recursive: true }); }\n";
  const [backup = '', ...rest] = parts;
  const shown = await runShown(`${head}${open}${backup}${other}${rest.join('')}`);
  expect(examples.length).toBeGreaterThan(8);
  expect(shown).toContain('stored full');
  expect(shown).toContain('Dear reader');
  expect(shown).toContain('docs/letter.txt reg');
});
