import type { ImapFlow } from 'imapflow';

import { BackendError, UsageError } from '../../errors/errors.ts';
import { gate } from '../../util/gate.ts';
import { Secret } from '../../util/secret.ts';
import { timeoutMs, type OpenOptions } from '../open-options.ts';
import { optionalLibrary } from '../optional-library.ts';
import { tlsOptions } from '../tls.ts';
import { redact, type BackendUrl } from '../url/url.ts';
import { imapFailure, isAnswer } from './failure.ts';

/** A day: no limit. */
const NO_TIMEOUT_MS = 86_400_000;

export interface Connection {
  /** The server, for messages. */
  readonly host: string;
  readonly mailbox: string;
  /**
   * Runs commands in turn, on a connection that is made when first needed and anew after it was lost; `isNew` tells that
   * nothing that was known of the mailbox counts any more.
   */
  run<T>(task: string, signal: AbortSignal, commands: (client: ImapFlow, isNew: boolean) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** `imap` (TLS by STARTTLS where the server offers it) and `imaps`. Reads no password before it connects. */
export async function openConnection(url: BackendUrl, options: OpenOptions): Promise<Connection> {
  const { ImapFlow } = await optionalLibrary(url.scheme, 'imapflow', () => import('imapflow'));
  const { settings = {}, env = {} } = options;
  const host = env['IMAP_SERVER'] || (url.host ?? '');
  const secure = url.scheme === 'imaps';
  const mailbox = settings.imapMailbox ?? 'INBOX';
  const user = loginName(url, settings.imapFullAddress === true);
  const tls = tlsOptions(host, options);
  let asked: Promise<Secret> | undefined;
  let client: ImapFlow | undefined;
  const inTurn = gate(1);

  async function password(): Promise<Secret> {
    const known = env['IMAP_PASSWORD'];
    if (url.password !== undefined && !url.password.isEmpty) return url.password;
    if (known !== undefined) return new Secret(known);
    const { askPassword } = options;
    if (askPassword === undefined) throw incomplete(url, 'no password', 'Set the environment variable IMAP_PASSWORD.');
    return (asked ??= askPassword(`Enter the password of ${user} on ${host}: `, 'IMAP_PASSWORD'));
  }

  async function connect(): Promise<ImapFlow> {
    const limit = timeoutMs(options) || NO_TIMEOUT_MS;
    const made = new ImapFlow({
      host,
      port: url.port ?? (secure ? 993 : 143),
      secure,
      tls,
      auth: { user, pass: (await password()).reveal() },
      logger: false,
      // Volumes do not shrink, and IDLE would have to be broken off for each command.
      disableCompression: true,
      disableAutoIdle: true,
      connectionTimeout: limit,
      greetingTimeout: limit,
      socketTimeout: limit,
      clientInfo: { name: 'duplicity' },
    });
    // Whatever breaks it also fails the command under way.
    made.on('error', () => undefined);
    try {
      await made.connect();
      await made.mailboxOpen(mailbox).catch((error: unknown) => noMailbox(mailbox, error));
      return made;
    } catch (error) {
      made.close();
      throw error;
    }
  }

  async function commands<T>(signal: AbortSignal, work: (client: ImapFlow, isNew: boolean) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const isNew = client?.usable !== true;
    const breakOff = (): void => client?.close();
    signal.addEventListener('abort', breakOff, { once: true });
    try {
      if (isNew) client = await connect();
      signal.throwIfAborted();
      if (client === undefined) throw new Error('no connection');
      return await work(client, isNew);
    } catch (error) {
      if (!isAnswer(error)) {
        client?.close();
        client = undefined;
      }
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', breakOff);
    }
  }

  return {
    host,
    mailbox,
    run: async (task, signal, work) => {
      try {
        return await inTurn(() => commands(signal, work));
      } catch (error) {
        signal.throwIfAborted();
        throw imapFailure(task, host, error);
      }
    },
    async close() {
      const open = client;
      client = undefined;
      if (open?.usable === true) await open.logout().catch(() => undefined);
      open?.close();
    },
  };
}

/** Servers word it in many ways; the reference creates none either. */
function noMailbox(mailbox: string, error: unknown): never {
  if (!isAnswer(error)) throw error;
  throw new BackendError('BACKEND_NOT_FOUND', `The mailbox ${mailbox} cannot be opened.`, {
    retryable: false,
    cause: error,
    hint: 'Create it on the server, or name another one with --imap-mailbox.',
  });
}

function loginName(url: BackendUrl, isFullAddress: boolean): string {
  if (url.user === undefined) throw incomplete(url, 'no user', 'Write imaps://USER@HOST/PREFIX.');
  return isFullAddress ? `${url.user}@${url.host ?? ''}` : url.user;
}

function incomplete(url: BackendUrl, what: string, hint: string): UsageError {
  const shown = redact(url.original.reveal());
  return new UsageError('USER_ERROR', `InvalidBackendURL: There is ${what} in: ${shown}`, {
    exception: 'InvalidBackendURL',
    hint,
  });
}
