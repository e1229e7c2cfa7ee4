import { chmodSync, rmSync, symlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { gnupgHome } from '../support/gnupg.ts';
import { listing, type Listed } from '../support/listing.ts';
import { gpgEnv, MODES, perform, PROGRAMS, type Program } from '../support/programs.ts';
import { noise, put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference, requireTool } from '../support/tools.ts';

const WRITERS: readonly Program[] = ['ours', 'the reference', 'ours'];
const modes = [MODES.gz, MODES.symmetricByDefault].filter(({ isEncrypted }) => !isEncrypted || requireTool('gpg'));

// The short form of the other files here: runs without root, and under every release of Node.js.
describe.runIf(requireReference())('a chain written in turn', () => {
  test.each(modes)('$name: each set comes back through both', async ({ writing, reading, isEncrypted }) => {
    const dir = tempDir();
    const env = isEncrypted ? gpgEnv(gnupgHome()) : {};
    const url = `file://${dir}/remote`;
    const states: Listed[][] = [];
    for (const [step, writer] of WRITERS.entries()) {
      changeTree(`${dir}/src`, step);
      states.push(listing(`${dir}/src`));
      const words = ['--current-time', String(timeOfSet(step)), ...writing, `${dir}/src`, url];
      await perform(writer, words, { home: `${dir}/${writer}`, env });
    }
    for (const reader of PROGRAMS) {
      for (const [step, state] of states.entries()) {
        const target = `${dir}/${step} ${reader}`;
        const words = ['restore', '--time', String(timeOfSet(step)), ...reading, url, target];
        await perform(reader, words, { home: `${dir}/${reader}`, env });
        expect(listing(target)).toEqual(state);
      }
    }
  });
});

function changeTree(src: string, step: number): void {
  const time = 1_690_000_000 + 100 * step;
  if (step === 0) {
    put(src, { 'sub/empty': null, text: 'first\n', 'sub/gone': 'soon\n' }, time);
    symlinkSync('text', `${src}/link`);
  }
  if (step === 1) rmSync(`${src}/sub/gone`);
  if (step === 2) chmodSync(`${src}/text`, 0o600);
  const large = Buffer.concat([Buffer.alloc(1000 * step, 'head'), noise(200_000), Buffer.from(`tail ${step}`)]);
  put(src, { large, sub: null }, time);
}
