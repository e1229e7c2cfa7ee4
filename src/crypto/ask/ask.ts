import { DuplicityError } from '../../errors/errors.ts';
import type { Question } from '../passphrase.ts';
import { Secret } from '../../util/secret.ts';

/** Somewhere a person, or a script in place of one, types lines. */
export interface LineSource {
  /** The next line without its end, undefined at the end of input. */
  line(prompt: string, signal: AbortSignal): Promise<{ readonly text: string } | 'interrupt' | undefined>;
  close(): void;
}

export interface AskIo {
  /** Opens the controlling terminal for one question; undefined when there is none. */
  readonly terminal: () => LineSource | undefined;
  /** Where the answers come from without a terminal; kept for the whole run. */
  readonly fallback: () => LineSource;
  /** What Ctrl-C at the question does: nothing else can, the terminal is in raw mode. */
  readonly interrupt: () => Promise<void>;
  readonly warn: (text: string) => void;
  /** Shows what was said so far: a question stands behind it. */
  readonly flush: () => void;
  readonly signal: AbortSignal;
}

const MISMATCH = 'First and second passphrases do not match!  Please try again.';
const EMPTY = 'Cannot use empty passphrase with symmetric encryption!  Please try again.';

/** Asks until the answer will do. The texts are the reference's. */
export async function askPassphrase(question: Question, io: AskIo): Promise<Secret> {
  const terminal = io.terminal();
  const source = terminal ?? io.fallback();
  try {
    for (;;) {
      const first = await answer(question.prompt, { question, source, io });
      if (first === '' && !question.mayBeEmpty) {
        io.warn(EMPTY);
        continue;
      }
      if (question.retype === undefined) return new Secret(first);
      const second = await answer(question.retype, { question, source, io });
      if (first === second) return new Secret(first);
      io.warn(MISMATCH);
    }
  } finally {
    terminal?.close();
  }
}

interface Asking {
  readonly question: Question;
  readonly source: LineSource;
  readonly io: AskIo;
}

async function answer(prompt: string, { question, source, io }: Asking): Promise<string> {
  io.flush();
  const line = await source.line(prompt, io.signal);
  if (line === undefined) throw noAnswer(question);
  if (line !== 'interrupt') return line.text;
  source.close();
  await io.interrupt();
  io.signal.throwIfAborted();
  throw new DOMException('Interrupted at the passphrase prompt', 'AbortError');
}

const ASKED_FOR = {
  PASSPHRASE: 'a passphrase',
  SIGN_PASSPHRASE: 'the passphrase of the signing key',
  FTP_PASSWORD: 'the password of the storage',
  IMAP_PASSWORD: 'the password of the mailbox',
  NEW_PASSPHRASE: 'the new passphrase',
} as const satisfies Record<Question['variable'], string>;

/** Front ends start us without terminal and input, and learn from this exception name that a passphrase is needed. */
function noAnswer({ variable, mayBeEmpty }: Question): DuplicityError {
  const isOfKey = mayBeEmpty && (variable === 'PASSPHRASE' || variable === 'SIGN_PASSPHRASE');
  const empty = isOfKey ? ` (${variable}= will do for a secret key without one)` : '';
  return new DuplicityError('EXCEPTION', `The input ended where ${ASKED_FOR[variable]} was to be typed.`, {
    exception: 'EOFError',
    hint: `Set the environment variable ${variable}${empty}, or run in a terminal.`,
  });
}
