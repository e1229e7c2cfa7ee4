import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { signatureOf } from '../../src/rsync/signature.ts';
import { compose, deltaOf, load, noise, patch, sign } from '../../src/rsync/testing.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

const large = noise(3_300_123, 1);
const cases: readonly { name: string; old: Buffer; changed: Buffer }[] = [
  { name: 'both empty', old: Buffer.alloc(0), changed: Buffer.alloc(0) },
  { name: 'emptied', old: noise(1000, 2), changed: Buffer.alloc(0) },
  { name: 'filled', old: Buffer.alloc(0), changed: noise(200_000, 3) },
  { name: 'unchanged', old: large, changed: large },
  { name: 'zeros that grew', old: Buffer.alloc(100_000), changed: Buffer.alloc(200_001) },
  { name: 'nothing in common', old: noise(100_000, 4), changed: noise(150_000, 5) },
  {
    name: 'inserted, removed and moved',
    old: large,
    changed: Buffer.concat([
      Buffer.from('in front'),
      large.subarray(2_000_000, 2_700_000),
      large.subarray(0, 1_000_000),
      noise(70_000, 6),
      large.subarray(1_000_100, 1_900_000),
      large.subarray(2_700_000),
    ]),
  },
  { name: 'its end repeated', old: large, changed: Buffer.concat([large, large.subarray(3_000_000)]) },
];

describe.runIf(requireTool('rdiff'))('rdiff', () => {
  let dir = '';

  beforeAll(() => {
    dir = tempDir();
  });

  describe.each([512, 2048, 300])('with blocks of %i', (blockLength) => {
    test.each(cases)('makes the same signature: $name', ({ old }) => {
      const theirs = rdiffSignature(old, blockLength);
      expect(sign(old, blockLength).equals(theirs)).toBe(true);
      expect(signatureOf(old, blockLength).equals(theirs)).toBe(true);
    });

    test.each(cases)('applies our delta: $name', ({ old, changed }) => {
      const delta = deltaOf(load(signatureOf(old, blockLength)), changed);
      expect(run('patch', write('old', old), write('delta', delta)).equals(changed)).toBe(true);
    });

    test.each(cases)('makes a delta that we apply, and ours is hardly longer: $name', ({ old, changed }) => {
      const signature = rdiffSignature(old, blockLength);
      const theirs = run('delta', write('signature', signature), write('new', changed));
      expect(patch(old, theirs).equals(changed)).toBe(true);
      const ours = deltaOf(load(signature), changed);
      expect(ours.length).toBeLessThanOrEqual(theirs.length * 1.01 + 16);
    });
  });

  test('applies our delta for a basis of very many blocks', () => {
    const basis = noise(4_300_000, 7);
    const changed = Buffer.concat([
      basis.subarray(0, 1_000_000),
      noise(30_001, 8),
      basis.subarray(1_000_003, 3_000_000),
      noise(300_000, 9),
      basis.subarray(100_000, 100_500),
    ]);
    const delta = deltaOf(load(signatureOf(basis, 16)), changed);
    expect(delta.length).toBeLessThan(332_000);
    expect(run('patch', write('old', basis), write('delta', delta)).equals(changed)).toBe(true);
  });

  test('makes of one composed delta what it makes of the deltas one after the other', () => {
    const versions = [
      large,
      Buffer.concat([Buffer.from('in front'), large.subarray(0, 1_000_000), large.subarray(1_300_000)]),
      Buffer.concat([large.subarray(2_000_000, 2_500_000), noise(200_000, 10), large.subarray(0, 1_200_000)]),
      Buffer.concat([large.subarray(2_100_000, 2_500_000), noise(150_000, 10), Buffer.alloc(70_000), large]),
    ];
    const deltas = versions.slice(1).map((next, i) => {
      const signature = rdiffSignature(versions[i] ?? large, 2048);
      return run('delta', write('signature', signature), write('new', next));
    });
    for (const count of [2, 3]) {
      let content = large;
      for (const delta of deltas.slice(0, count)) content = run('patch', write('old', content), write('delta', delta));
      const composed = compose(deltas.slice(0, count));
      expect(run('patch', write('old', large), write('delta', composed)).equals(content)).toBe(true);
      expect(content.equals(versions[count] ?? large)).toBe(true);
    }
  });

  test('makes signatures with whole strong sums that we can use', () => {
    write('old', large);
    const options = ['-H', 'md4', '-R', 'rollsum', '-S', '16', '-b', '1000'];
    const signature = load(run(...options, 'signature', `${dir}/old`));
    expect(signature.strongLength).toBe(16);
    expect(deltaOf(signature, large).toString('hex')).toBe('72730236470000325b1b00');
  });

  function rdiffSignature(content: Buffer, blockLength: number): Buffer {
    const options = ['-H', 'md4', '-R', 'rollsum', '-S', '8', '-b', String(blockLength)];
    return run(...options, 'signature', write('old', content));
  }

  function write(name: string, content: Buffer): string {
    writeFileSync(`${dir}/${name}`, content);
    return `${dir}/${name}`;
  }

  function run(...args: string[]): Buffer {
    const result = spawnSync('rdiff', ['--force', ...args, `${dir}/result`]);
    expect(result.stderr.toString()).toBe('');
    expect(result.status).toBe(0);
    return readFileSync(`${dir}/result`);
  }
});
