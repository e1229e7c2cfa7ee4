import type { Code } from '../../errors/codes.ts';
import { BackendError } from '../../errors/errors.ts';
import { networkErrors, retryAfter } from '../failures/network-failure.ts';
import { fieldOf, parseJson } from '../http/json.ts';

interface Kind {
  readonly code: Code;
  readonly retryable: boolean;
  readonly text: string;
  readonly hint?: string;
}

/** An answer that is not the one hoped for. */
export interface Refusal {
  readonly status: number;
  readonly headers: { readonly 'retry-after'?: string | undefined };
  readonly text: string;
}

const RENEW =
  'Access tokens last four hours: set DPBX_APP_KEY, DPBX_APP_SECRET and DPBX_REFRESH_TOKEN instead (docs/backends/dpbx.md).';
const BAD_TOKEN: Kind = {
  code: 'BACKEND_PERMISSION_DENIED',
  retryable: false,
  text: 'Dropbox does not accept the access token',
  hint: 'Set a new DPBX_ACCESS_TOKEN, or better DPBX_APP_KEY and DPBX_REFRESH_TOKEN (docs/backends/dpbx.md).',
};
const DENIED: Kind = { code: 'BACKEND_PERMISSION_DENIED', retryable: false, text: 'access is denied' };
const NOT_THERE: Kind = { code: 'BACKEND_NOT_FOUND', retryable: false, text: 'it is not there' };
const BUSY: Kind = { code: 'BACKEND_ERROR', retryable: true, text: 'the server is busy' };
const LOST_SESSION: Kind = { code: 'BACKEND_ERROR', retryable: true, text: 'the upload has to start again' };

/** By the tags of the error, the outermost first, joined with slashes; the first that fits counts. */
const BY_TAGS: readonly (readonly [RegExp, Kind])[] = [
  [/^(path|path_lookup|from_lookup)\/not_found/, NOT_THERE],
  [
    /(\/insufficient_space|^insufficient_quota)$/,
    {
      code: 'BACKEND_NO_SPACE',
      retryable: false,
      text: 'the Dropbox is full',
      hint: 'Make room, or remove old backups.',
    },
  ],
  [/\/(no_write_permission|team_folder|restricted_content|access_restricted|operation_suppressed)$/, DENIED],
  [/(^|\/)(payload_too_large|too_large)$/, { code: 'BACKEND_ERROR', retryable: false, text: 'it is too large' }],
  [/\/disallowed_name$/, { ...DENIED, text: 'Dropbox does not allow this name' }],
  [/\/conflict\//, { code: 'BACKEND_ERROR', retryable: false, text: 'something else of this name is in the way' }],
  [/too_many_(write_operations|requests)$/, BUSY],
  [/content_hash_mismatch$/, { code: 'BACKEND_ERROR', retryable: true, text: 'the bytes were changed on the way' }],
  [/^(lookup_failed\/)?(not_found|closed|not_closed|incorrect_offset)$/, LOST_SESSION],
  [/^expired_access_token$/, { ...BAD_TOKEN, text: 'the access token has expired', hint: RENEW }],
  [/^invalid_access_token$/, BAD_TOKEN],
  [/^(route_access_denied|invalid_account_type|no_permission|invalid_root)(\/|$)/, DENIED],
  [/^user_suspended$/, { ...DENIED, text: 'the account is suspended' }],
  [/^reset$/, { code: 'BACKEND_ERROR', retryable: true, text: 'the listing has to start again' }],
  [/(^|\/)(other|locked|internal_error)$/, { code: 'BACKEND_ERROR', retryable: true, text: 'the server fails' }],
];

/** `path/conflict/folder` of an answer in JSON; '' for any other. */
export function tagsOf(text: string): string {
  const tags: string[] = [];
  for (let at = fieldOf(parseJson(text), 'error'); at !== undefined;) {
    // A union without values may be written as its tag alone.
    const tag = typeof at === 'string' ? at : fieldOf(at, '.tag');
    if (typeof tag === 'string') tags.push(tag);
    at = typeof tag === 'string' ? (fieldOf(at, tag) ?? fieldOf(at, 'reason')) : fieldOf(at, 'reason');
  }
  return tags.join('/');
}

function refusalKind(status: number, tags: string, text: string): Kind {
  const known = BY_TAGS.find(([pattern]) => pattern.test(tags))?.[1];
  if (known !== undefined) return known;
  if (tags === 'missing_scope') {
    const scope = fieldOf(fieldOf(parseJson(text), 'error'), 'required_scope');
    return {
      ...DENIED,
      text: `the app lacks the permission ${typeof scope === 'string' ? scope : 'for it'}`,
      hint: 'Tick the permission in the App Console and authorize the app again: older tokens do not get it.',
    };
  }
  // A token that is none at all is answered so, in plain text that repeats it.
  if (status === 400 && /authorization|access token/i.test(text)) return BAD_TOKEN;
  if (status === 401) return BAD_TOKEN;
  if (status === 403) return DENIED;
  if (status === 429 || status === 503) return BUSY;
  return { code: 'BACKEND_ERROR', retryable: status >= 500 || status === 408, text: 'the server refuses' };
}

/** A refused request: keeps what the driver needs to go on with an upload. */
export class DropboxRefusal extends BackendError {
  /** See `tagsOf`. */
  readonly tags: string;
  /** Where an upload session stands, when that is what was wrong. */
  readonly correctOffset: number | undefined;

  constructor(task: string, refusal: Refusal) {
    const { status, headers, text } = refusal;
    const tags = tagsOf(text);
    const { code, retryable, text: said, hint } = refusalKind(status, tags, text);
    const error = fieldOf(parseJson(text), 'error');
    super(code, `Cannot ${task}: ${said} (${[status, tags].filter((part) => part !== '').join(' ')})`, {
      retryable,
      exception: 'ApiError',
      retryAfterMs: retryable ? waitMs(headers['retry-after'], fieldOf(error, 'retry_after')) : undefined,
      ...(hint === undefined ? {} : { hint }),
    });
    this.tags = tags;
    const offset = fieldOf(error, 'correct_offset') ?? fieldOf(fieldOf(error, 'lookup_failed'), 'correct_offset');
    this.correctOffset = typeof offset === 'number' ? offset : undefined;
  }
}

function waitMs(header: string | undefined, seconds: unknown): number | undefined {
  return retryAfter(header, Date.now()) ?? (typeof seconds === 'number' ? seconds * 1000 : undefined);
}

/** An answer that Dropbox does not give. */
export function nonsense(task: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: the answer is none of Dropbox`, { retryable: true });
}

export const networkError = networkErrors('ConnectionError');
