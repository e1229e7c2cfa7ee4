import { CODES, type Code } from './codes.ts';

interface Extra {
  /** One imperative sentence: what the user can do. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Fields of the machine record after the code, already in record form (see ui/log-fd.ts). */
  readonly fields?: readonly string[];
  /** Exception name the reference shows for this failure, where front ends look at it (`GPGError`, `CollectionsError`). */
  readonly exception?: string;
}

/** A failure with a code, one sentence and perhaps a hint. Everything else that is thrown is a bug. */
export class DuplicityError extends Error {
  override readonly name: string = 'DuplicityError';
  readonly code: Code;
  readonly hint: string | undefined;
  readonly fields: readonly string[];
  readonly exception: string | undefined;

  constructor(code: Code, message: string, extra: Extra = {}) {
    super(message, { cause: extra.cause });
    this.code = code;
    this.hint = extra.hint;
    this.fields = extra.fields ?? [];
    this.exception = extra.exception;
  }

  get exitCode(): number {
    return CODES[this.code];
  }
}

/** The command line or the settings are wrong. */
export class UsageError extends DuplicityError {
  override readonly name = 'UsageError';
}

/** Sets, chains or manifests do not fit together. */
export class ChainError extends DuplicityError {
  override readonly name = 'ChainError';
}

/** Stored bytes are damaged or not what a manifest promises. */
export class IntegrityError extends DuplicityError {
  override readonly name = 'IntegrityError';
}

/** Encrypting or decrypting failed, or a key or passphrase is not the right one. */
export class CryptoError extends DuplicityError {
  override readonly name = 'CryptoError';
  /** No secret key that a file was encrypted for is here: nothing that is entered can open it. */
  readonly lacksKey: boolean;

  constructor(code: Code, message: string, extra: Extra & { readonly lacksKey?: boolean } = {}) {
    super(code, message, extra);
    this.lacksKey = extra.lacksKey ?? false;
  }
}

/** Something on this machine: source, target, temporary directory, archive dir. */
export class LocalError extends DuplicityError {
  override readonly name = 'LocalError';
}

/** A storage operation failed. Only the driver knows whether trying again can help. */
export class BackendError extends DuplicityError {
  override readonly name = 'BackendError';
  readonly retryable: boolean;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: Code,
    message: string,
    extra: Extra & { readonly retryable: boolean; readonly retryAfterMs?: number | undefined },
  ) {
    super(code, message, extra);
    this.retryable = extra.retryable;
    this.retryAfterMs = extra.retryAfterMs;
  }
}

/** The store does not copy, or not this file: what was to be copied has to be uploaded. Of no use to try again. */
export class CannotCopyError extends BackendError {
  /** Nor does it copy anything else. */
  readonly isForGood: boolean;

  constructor(message: string, { isForGood = false, ...extra }: Extra & { readonly isForGood?: boolean } = {}) {
    super('BACKEND_ERROR', message, { ...extra, retryable: false });
    this.isForGood = isForGood;
  }
}
