import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { endedWith } from '../support/ended.ts';
import { nodes } from '../support/nodes.ts';
import { root } from '../support/paths.ts';
import { run } from '../support/processes.ts';
import { NODE, runDuplicity } from '../support/run.ts';
import { noise, put, scene, treeOf } from '../support/scene.ts';
import { askedFor, WITH_LIBRARY, WITHOUT_LIBRARY } from '../support/schemes.ts';
import { requireTool } from '../support/tools.ts';

/** The clone was built by the usual node: its code cache is for that one only. */
beforeAll(() => runDuplicity(['--version']));

const launcher = (node: string): readonly string[] => ['/usr/bin/env', `DUPLICITY_NODE=${node}`, `${root}/duplicity`];

describe.each(nodes())('on %s', (_name, node) => {
  test.each(WITH_LIBRARY)(
    'the library for $url loads, and nothing else is said than that the server refuses',
    async (refused) => {
      const { stderr, status } = refused;
      expect(await askedFor(launcher(node), refused)).toEqual({ stderr, status });
    },
  );

  test('a backup and a restore write nothing on standard error', async () => {
    const s = scene();
    put(s.source, { a: 'content' });
    const [program = '', ...before] = launcher(node);
    const go = (...args: readonly string[]) =>
      run(program, [...before, ...args], { env: { PASSPHRASE: 'x', PATH: `${dirname(node)}:/usr/bin:/bin` } });
    expect(await go(s.source, s.url)).toMatchObject({ status: 0, stderr: '' });
    expect(await go('restore', s.url, `${s.dir}/out`)).toMatchObject({ status: 0, stderr: '' });
    expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
  });
});

test.each(WITH_LIBRARY)('$url is refused in the same words by the bundle', async (refused) => {
  const { stderr, status } = refused;
  expect(await askedFor([NODE, `${root}/dist/duplicity.cjs`], refused)).toEqual({ stderr, status });
});

test.each(WITHOUT_LIBRARY.filter(({ tool }) => tool === undefined || requireTool(tool)))(
  '$url is refused in one sentence',
  async (refused) => {
    const { stderr, status } = refused;
    expect(await askedFor(launcher(NODE), refused)).toEqual({ stderr, status });
  },
);

describe.runIf(requireSwift())('a large file on S3', () => {
  let server: SwiftServer;
  beforeAll(async () => {
    server = await startSwift();
    await server.request('PUT', '/box');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test.each(nodes())('goes up in parts and comes back on %s', async (name, node) => {
    const s = scene();
    put(s.source, { big: noise(6_000_000) });
    const [program = '', ...before] = launcher(node);
    const args = [
      '--s3-endpoint-url',
      server.origin,
      '--s3-multipart-chunk-size',
      '5',
      '--no-encryption',
      '--no-compression',
    ];
    const url = `s3://box/${name}`;
    const go = (...words: readonly string[]) => run(program, [...before, ...args, ...words], { env: server.s3 });
    expect(endedWith(0, await go(s.source, url)).stderr).toBe('');
    expect(endedWith(0, await go('restore', url, `${s.dir}/out`)).stderr).toBe('');
    expect(treeOf(`${s.dir}/out`)).toEqual(treeOf(s.source));
  });
});
