import { writeFileSync } from 'node:fs';
import { DuplicityError } from '../../errors/errors.ts';
import { askPassphrase } from '../ask/ask.ts';
import { processIo } from '../ask/process-io.ts';
import { passphraseSource } from '../passphrase.ts';

/** Asks what a symmetric backup asks; the answer goes to the file named by the first argument. */
const [, , output = ''] = process.argv;
const control = new AbortController();
process.on('SIGINT', () => control.abort(new Error('interrupted')));
const source = passphraseSource({
  kind: 'encryption',
  action: 'full',
  env: {},
  recipients: [],
  noEncryption: false,
  useAgent: false,
  needsDecryption: false,
});
if (source.from !== 'ask') throw new Error('a symmetric backup asks');
try {
  const io = processIo({
    warn: (text) => process.stderr.write(`${text}\n`),
    flush: () => undefined,
    signal: control.signal,
  });
  writeFileSync(output, (await askPassphrase(source.question, io)).reveal());
} catch (error) {
  if (control.signal.aborted) process.exitCode = 4;
  else if (error instanceof DuplicityError) {
    process.stderr.write(`${error.exception ?? ''} ${error.message} ${error.hint ?? ''}\n`);
    process.exitCode = error.exitCode;
  } else throw error;
}
