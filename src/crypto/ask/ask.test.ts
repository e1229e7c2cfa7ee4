import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { DuplicityError } from '../../errors/errors.ts';
import type { Question } from '../passphrase.ts';
import { tempDir } from '../testing/temp-dir.ts';
import { askPassphrase } from './ask.ts';
import { inputLines } from './lines.ts';

const BACKUP: Question = { prompt: 'First: ', retype: 'Again: ', mayBeEmpty: false, variable: 'PASSPHRASE' };
const RESTORE: Question = { prompt: 'First: ', mayBeEmpty: true, variable: 'PASSPHRASE' };

/** Asks the questions one after the other, without a terminal; what was said on the way. */
async function ask(input: Readable, questions: readonly Question[]): Promise<{ answers: string[]; said: string }> {
  let said = '';
  let unseen = '';
  const prompts = new Writable({
    write(piece: Buffer, _encoding, done) {
      said += piece.toString();
      done();
    },
  });
  const lines = inputLines(input, prompts);
  const io = {
    terminal: () => undefined,
    fallback: () => lines,
    interrupt: async () => {},
    warn: (text: string) => {
      unseen += `${text}\n`;
    },
    flush: () => {
      said += unseen;
      unseen = '';
    },
    signal: new AbortController().signal,
  };
  const answers: string[] = [];
  for (const question of questions) answers.push((await askPassphrase(question, io)).reveal());
  return { answers, said };
}

test.each([
  ['in one piece', ['pw\npw\n']],
  ['byte by byte', 'pw\npw\n'.split('')],
  ['without a last line end', ['pw\npw']],
])('lines piped in %s answer a symmetric backup', async (_how, pieces) => {
  const { answers, said } = await ask(Readable.from(pieces, { objectMode: false }), [BACKUP]);
  expect(answers).toEqual(['pw']);
  expect(said).toBe('First: \nAgain: \n');
});

test('what one question leaves of the input answers the next', async () => {
  const { answers } = await ask(Readable.from(['a\nb b\n\n']), [RESTORE, RESTORE, RESTORE]);
  expect(answers).toEqual(['a', 'b b', '']);
});

test('answers that differ, and empty ones, are asked again', async () => {
  const { answers, said } = await ask(Readable.from(['\na\nb\nc\nc\n']), [BACKUP]);
  expect(answers).toEqual(['c']);
  expect(said).toBe(
    'First: \nCannot use empty passphrase with symmetric encryption!  Please try again.\n' +
      'First: \nAgain: \nFirst and second passphrases do not match!  Please try again.\nFirst: \nAgain: \n',
  );
});

test.each([[''], ['pw\n']])('input that ends after %j is EOFError with exit 30', async (text) => {
  const input = new PassThrough();
  input.end(text);
  await expect(ask(input, [BACKUP])).rejects.toMatchObject({
    exitCode: 30,
    exception: 'EOFError',
    hint: expect.stringContaining('PASSPHRASE') as string,
  });
});

test('a secret key may have no passphrase: the hint says so, but not where one has to be chosen', async () => {
  const hint = async (question: Question): Promise<unknown> => {
    const input = new PassThrough();
    input.end('');
    return ask(input, [question]).catch((error: DuplicityError) => error.hint);
  };
  expect(await hint(RESTORE)).toContain('(PASSPHRASE= will do for a secret key without one)');
  expect(await hint(BACKUP)).toBe('Set the environment variable PASSPHRASE, or run in a terminal.');
});

test('an aborted run stops waiting for an answer', async () => {
  const control = new AbortController();
  const lines = inputLines(new PassThrough(), new PassThrough());
  const asked = askPassphrase(RESTORE, {
    terminal: () => undefined,
    fallback: () => lines,
    interrupt: async () => {},
    warn: () => {},
    flush: () => {},
    signal: control.signal,
  });
  control.abort(new Error('stop'));
  await expect(asked).rejects.toThrow('stop');
});

const CHILD = join(import.meta.dirname, '../testing/ask-child.ts');
const hasScript = spawnSync('script', ['--version']).status === 0;

interface Dialogue {
  readonly status: number | null;
  /** All the terminal showed. */
  readonly shown: string;
  readonly answer: string | undefined;
}

/** Runs the asking program on a terminal of its own; each of `keys` is typed when the next prompt shows. */
function onTerminal(keys: readonly string[]): Promise<Dialogue> {
  const output = join(tempDir(), 'answer');
  const words = [process.execPath, '--import', 'tsx', CHILD, output].map((word) => `'${word}'`);
  const child = spawn('script', ['-qfec', `${words.join(' ')} </dev/null 2>&1`, '/dev/null'], { stdio: 'pipe' });
  const left = [...keys];
  let shown = '';
  let seen = 0;
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    shown += text;
    const prompts = shown.match(/(?:decryption|confirm): /g)?.length ?? 0;
    while (seen < prompts) {
      seen += 1;
      const next = left.shift();
      if (next !== undefined) child.stdin.write(next);
    }
  });
  return new Promise((resolve) => {
    child.on('close', (status) =>
      resolve({ status, shown, answer: existsSync(output) ? readFileSync(output, 'utf8') : undefined }),
    );
  });
}

test.skipIf(!hasScript)('a terminal is asked twice and shows no key, even with stdin closed', async () => {
  const { status, shown, answer } = await onTerminal(['gölx\x7fden\r', 'gölden\r']);
  expect(answer).toBe('gölden');
  expect(status).toBe(0);
  expect(shown.replaceAll('\r', '')).toBe(
    'GnuPG passphrase for decryption: \nRetype passphrase for decryption to confirm: \n',
  );
});

test.skipIf(!hasScript)('both answers pasted at once are taken one after the other', async () => {
  expect(await onTerminal(['golden\rgolden\r'])).toMatchObject({ status: 0, answer: 'golden' });
});

test.skipIf(!hasScript)('Ctrl-C at the question is the interrupt of the run', async () => {
  expect(await onTerminal(['gol\x03'])).toMatchObject({ status: 4, answer: undefined });
});

test.skipIf(!hasScript)('Ctrl-D at the question is the end of input', async () => {
  const { status, shown } = await onTerminal(['\x04']);
  expect(status).toBe(30);
  expect(shown).toContain('EOFError');
});

test('without terminal and input the program ends with 30', () => {
  const run = spawnSync('setsid', ['-w', process.execPath, '--import', 'tsx', CHILD, '/dev/null'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  expect(run.status).toBe(30);
  expect(run.stderr).toMatch(/EOFError .* Set the environment variable PASSPHRASE/);
});
