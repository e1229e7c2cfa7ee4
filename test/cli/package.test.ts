import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { publint } from 'publint';
import { beforeAll, describe, expect, test } from 'vitest';
import { registryEnv, searchPath, testHome } from '../support/home.ts';
import { listing } from '../support/listing.ts';
import { nodes } from '../support/nodes.ts';
import { root } from '../support/paths.ts';
import { run, succeeded } from '../support/processes.ts';
import { askedFor, WITH_LIBRARY } from '../support/schemes.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

const INSTALL_MS = 300_000;

interface Packed {
  readonly filename: string;
  readonly version: string;
  readonly files: readonly { readonly path: string }[];
}

describe('the npm package', () => {
  let dir: string;
  let packed: Packed;
  let prefix: string;

  function npm(args: readonly string[]) {
    return run('npm', [...args, '--loglevel=error', '--no-audit', '--no-fund'], {
      cwd: root,
      env: registryEnv(),
      timeoutMs: INSTALL_MS,
    });
  }

  function installed(args: readonly string[]) {
    return run(`${prefix}/bin/duplicity`, args, { env: { PASSPHRASE: 'a passphrase' } });
  }

  beforeAll(async () => {
    dir = tempDir();
    prefix = `${dir}/prefix`;
    const { stdout } = succeeded(await npm(['pack', '--json', '--pack-destination', dir]));
    packed = (JSON.parse(stdout) as Packed[])[0] ?? { filename: '', version: '', files: [] };
    succeeded(await npm(['install', '--global', '--prefix', prefix, `${dir}/${packed.filename}`]));
  }, INSTALL_MS);

  test('holds the program and its documents, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toContain('dist/duplicity.cjs');
    expect(paths).toContain('LICENSE');
    expect(paths).toContain('docs/schema/json-lines.json');
    const others = paths.filter(
      (path) =>
        !/^(dist\/(?:duplicity\.cjs|rdiffdir\.cjs|index\.js|index\.d\.ts)|man\/.*|completions\/.*|docs\/schema\/.*\.json|package\.json|LICENSE|[A-Z]+\.md)$/.test(
          path,
        ),
    );
    expect(others).toEqual([]);
  });

  test('has nothing that publint complains about', async () => {
    const file = readFileSync(`${dir}/${packed.filename}`);
    const tarball = new Uint8Array(file).buffer;
    const { messages } = await publint({ pack: { tarball }, strict: true });
    expect(messages).toEqual([]);
  });

  test('installed into an empty prefix, gives a command that prints exactly its name and version', async () => {
    expect(readdirSync(`${prefix}/bin`)).toEqual(['duplicity', 'rdiffdir']);
    const result = await installed(['--version']);
    expect(result).toEqual({ status: 0, signal: null, stdout: `duplicity ${packed.version}\n`, stderr: '' });
    expect(packed.version).toBe('4.0.0');
  });

  test.each(nodes())('loads its libraries on %s, without a word of them on standard error', async (_, node) => {
    const env = { PATH: `${dirname(node)}${delimiter}${searchPath()}` };
    for (const refused of WITH_LIBRARY) {
      const { stderr, status } = refused;
      expect(await askedFor([`${prefix}/bin/duplicity`], refused, env)).toEqual({ stderr, status });
    }
  });

  test('backs up and restores without encryption', async () => {
    expect(await backUpAndRestore(['--no-encryption'])).toEqual(contentOf(`${testHome()}/source`));
  });

  test.runIf(requireTool('gpg'))('backs up and restores with a passphrase', async () => {
    expect(await backUpAndRestore([])).toEqual(contentOf(`${testHome()}/source`));
  });

  async function backUpAndRestore(options: readonly string[]) {
    const home = testHome();
    mkdirSync(`${home}/source/sub`, { recursive: true });
    writeFileSync(`${home}/source/sub/file`, 'content\n'.repeat(50_000));
    writeFileSync(`${home}/source/empty`, '');
    succeeded(await installed([...options, `${home}/source`, `file://${home}/remote`]));
    succeeded(await installed(['restore', ...options, `file://${home}/remote`, `${home}/back`]));
    return contentOf(`${home}/back`);
  }

  test('leaves a bundle that is executable and built from these sources', () => {
    expect(statSync(`${root}/dist/duplicity.cjs`).mode & 0o111).toBe(0o111);
    expect(existsSync(`${prefix}/lib/node_modules/duplicity-ts/dist/duplicity.cjs`)).toBe(true);
    expect(readFileSync(`${prefix}/lib/node_modules/duplicity-ts/dist/duplicity.cjs`)).toEqual(
      readFileSync(`${root}/dist/duplicity.cjs`),
    );
  });
});

function contentOf(tree: string) {
  return listing(tree).map(({ path, type, mode, sha256 }) => ({ path, type, mode, sha256 }));
}
