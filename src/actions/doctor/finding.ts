import { DuplicityError, UsageError } from '../../errors/errors.ts';

/** What one look has found. */
export interface Finding {
  /** In a word: `gpg`, `space`, `store`, … */
  readonly about: string;
  /** `trouble` would stop a backup. */
  readonly state: 'ok' | 'warning' | 'trouble';
  readonly text: string;
  /** What can be done. */
  readonly hint?: string | undefined;
}

/** What `doctor` has found. */
export interface DoctorResult {
  readonly findings: readonly Finding[];
  /** Nothing was found that would stop a backup. */
  readonly isFit: boolean;
}

export const ok = (about: string, text: string): Finding => ({ about, state: 'ok', text });
export const warning = (about: string, text: string, hint?: string): Finding => ({
  about,
  state: 'warning',
  text,
  hint,
});
export const trouble = (about: string, text: string, hint?: string): Finding => ({
  about,
  state: 'trouble',
  text,
  hint,
});

/** A failure as a finding. What is none of ours is thrown on. */
export function failed(about: string, error: unknown, state: Finding['state'] = 'trouble'): Finding {
  if (!(error instanceof DuplicityError)) throw error;
  const isQuestion = error.message === QUESTION;
  return { about, state: isQuestion ? 'warning' : state, text: lastOf(error.message), hint: error.hint };
}

const QUESTION = 'a passphrase would be asked for';

/** In place of a question to somebody: a backup on a terminal asks, and one without ends. */
export function wouldAsk(): UsageError {
  return new UsageError('USER_ERROR', QUESTION, {
    hint: 'Set PASSPHRASE where nobody is there to answer, as from cron.',
  });
}

/** gpg's log stands before the sentence that says what it means; what was tried how often matters to nobody here. */
function lastOf(message: string): string {
  const text = message.replace(/^[^]*===== End GnuPG log =====\n/, '');
  return text.replace(/^Giving up after \d+ attempts\. (?:\w+: )?/, '').trim();
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MB`;
}
