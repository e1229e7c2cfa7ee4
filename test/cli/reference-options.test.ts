import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { ACTIONS } from '../../src/cli/words/actions.ts';
import { parseCommandLine } from '../../src/cli/parse.ts';
import { processSurroundings } from '../../src/cli/surroundings.ts';

const file = join(import.meta.dirname, 'reference-options.txt');
const list = join(import.meta.dirname, 'reference-options.txt');
const lines = readFileSync(file, 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

const around = { ...processSurroundings(), readStdin: () => Buffer.alloc(0) };

describe('every option of the reference is accepted', () => {
  test.each(lines)('%s', (line) => {
    const words = line.split(' ').map((word) => (word === '{list}' ? list : word));
    const command = parseCommandLine([...words, 'collection-status', 'file:///mnt/x'], around);
    const [flag = ''] = words;
    const answer = /^--(help|version)$/.exec(flag)?.[1];
    expect(command.action).toBe(answer ?? 'collection-status');
  });
});

test('every option of the reference goes with every action, except what it refuses itself', () => {
  const words = lines.filter(
    (line) => !/^--(?:help|version|s3-use|(?:path|file)-to-restore|exclude|include|fil)/.test(line),
  );
  // The separator changes how the times after it are read.
  const options = words.filter((line) => !line.startsWith('--time-separator')).flatMap((line) => line.split(' '));
  const samples: Readonly<Record<string, string>> = { PATH: 'dir', URL: 'file:///mnt/x', TIME: '1D', COUNT: '2' };
  for (const { action, takes } of ACTIONS) {
    const positionals = takes.split(' ').map((word) => samples[word] ?? '');
    expect(parseCommandLine([action, ...options, ...positionals], around).action).toBe(action);
  }
});
