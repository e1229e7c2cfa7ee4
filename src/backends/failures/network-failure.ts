import { BackendError } from '../../errors/errors.ts';

/** What went wrong on the way to a server, for people; undefined for any other error. */
export interface NetworkFailure {
  /** `ECONNRESET`, `ENOTFOUND`, `CERT_HAS_EXPIRED` … */
  readonly code: string;
  readonly text: string;
  readonly retryable: boolean;
}

const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the server refuses the connection',
  ECONNRESET: 'the connection was lost',
  ECONNABORTED: 'the connection was lost',
  EPIPE: 'the connection was lost',
  ETOOLONG: 'the server sends more than an answer can have',
  ERR_STREAM_PREMATURE_CLOSE: 'the connection was lost',
  UND_ERR_SOCKET: 'the connection was lost',
  ETIMEDOUT: 'the server does not answer',
  TimeoutError: 'the server does not answer',
  ESOCKETTIMEDOUT: 'the server does not answer',
  EHOSTDOWN: 'the server cannot be reached',
  EHOSTUNREACH: 'the server cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENETDOWN: 'the network cannot be reached',
  EADDRNOTAVAIL: 'the network cannot be reached',
  ENOTFOUND: 'there is no server of this name',
  EAI_AGAIN: 'the name of the server cannot be looked up now',
};
const CERTIFICATE = /^(CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH)/;
const PARSING = /^HPE_/;
/** An address or a token, of the server or of the settings, that no request can be made with. */
const UNUSABLE = /^ERR_(INVALID_(URL|CHAR|PROTOCOL|ARG_VALUE)|UNESCAPED_CHARACTERS|SOCKET_BAD_PORT)$/;

/** Looks through causes and the attempts at several addresses. */
export function networkFailure(error: unknown): NetworkFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const names = [...('code' in error ? [String(error.code)] : []), error.name];
  for (const code of names) {
    const text = TEXTS[code];
    if (text !== undefined) return { code, text, retryable: true };
    if (CERTIFICATE.test(code)) {
      return { code, text: `the certificate of the server is not accepted (${error.message})`, retryable: false };
    }
    if (UNUSABLE.test(code)) return { code, text: 'its address or token cannot be used', retryable: false };
    if (PARSING.test(code)) return { code, text: 'the server does not answer in HTTP', retryable: true };
  }
  const inner = error instanceof AggregateError ? (error.errors as unknown[])[0] : error.cause;
  return networkFailure(inner);
}

/** Tells a failure on the way to the server as a `BackendError` of that kind of exception; any other error as it is. */
export function networkErrors(exception: string): (task: string, error: unknown) => unknown {
  return (task, error) => {
    if (error instanceof BackendError) return error;
    const network = networkFailure(error);
    if (network === undefined) return error;
    return new BackendError('BACKEND_ERROR', `Cannot ${task}: ${network.text} (${network.code})`, {
      retryable: network.retryable,
      exception,
      cause: error,
    });
  };
}

/** Milliseconds of a `Retry-After` header: seconds or a date. */
export function retryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined || header === '') return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
