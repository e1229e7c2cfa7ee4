import { UsageError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';
import { variable, type Environment } from '../environment.ts';

/** Where a store is and who asks. */
export interface Account {
  /** A token and an address that somebody else asked for. */
  readonly ready: Session | undefined;
  /** How to ask for a token; undefined: only `ready` counts. */
  readonly login: Login | undefined;
}

export interface Session {
  /** Address of the account, without a slash at the end. */
  readonly url: string;
  readonly token: Secret;
}

export interface Login {
  readonly version: 1 | 2 | 3;
  readonly url: string;
  readonly user: string;
  readonly password: Secret;
  readonly userId: string | undefined;
  readonly userDomain: Named;
  readonly project: Named;
  readonly projectDomain: Named;
  readonly region: string | undefined;
  /** `public`, `internal` or `admin`. */
  readonly interface: string;
}

interface Named {
  readonly id: string | undefined;
  readonly name: string | undefined;
}

/**
 * Variables of the reference with the prefix `SWIFT_`, or `PCA_` for the cold archive: PREAUTHURL and PREAUTHTOKEN, or
 * USERNAME, PASSWORD and AUTHURL, with AUTHVERSION and what that version needs.
 */
export function accountOf(env: Environment, prefix: 'SWIFT' | 'PCA', defaultVersion: 1 | 2): Account {
  const get = (name: string): string | undefined => variable(env, `${prefix}_${name}`);
  const [readyUrl, token] = [get('PREAUTHURL'), get('PREAUTHTOKEN')];
  const ready =
    readyUrl === undefined || token === undefined
      ? undefined
      : { url: readyUrl.replace(/\/+$/, ''), token: new Secret(token) };
  const missing = ['USERNAME', 'PASSWORD', 'AUTHURL'].filter(
    (name) => get(name) === undefined && !(name === 'USERNAME' && get('USERID') !== undefined),
  );
  if (missing.length > 0) {
    if (ready !== undefined) return { ready, login: undefined };
    const names = missing.map((name) => `${prefix}_${name}`);
    throw new UsageError('USER_ERROR', `${names.join(' and ')} must be set in the environment.`, {
      exception: 'BackendException',
      hint: `Set ${prefix}_USERNAME, ${prefix}_PASSWORD and ${prefix}_AUTHURL, or ${prefix}_PREAUTHURL and ${prefix}_PREAUTHTOKEN.`,
    });
  }
  const login: Login = {
    version: versionOf(get('AUTHVERSION'), defaultVersion, prefix),
    url: (get('AUTHURL') ?? '').replace(/\/+$/, ''),
    user: get('USERNAME') ?? '',
    password: new Secret(get('PASSWORD') ?? ''),
    userId: get('USERID'),
    userDomain: { id: get('USER_DOMAIN_ID'), name: get('USER_DOMAIN_NAME') },
    project: { id: get('PROJECT_ID') ?? get('TENANTID'), name: get('PROJECT_NAME') ?? get('TENANTNAME') },
    projectDomain: { id: get('PROJECT_DOMAIN_ID'), name: get('PROJECT_DOMAIN_NAME') },
    region: get('REGIONNAME'),
    interface: (get('ENDPOINT_TYPE') ?? 'public').replace(/URL$/, ''),
  };
  return { ready, login };
}

function versionOf(text: string | undefined, fallback: 1 | 2, prefix: string): 1 | 2 | 3 {
  if (text === undefined) return fallback;
  const number = Number(/^v?([123])(\.\d+)?$/.exec(text)?.[1]);
  if (number === 1 || number === 2 || number === 3) return number;
  throw new UsageError('USER_ERROR', `${prefix}_AUTHVERSION is ${text}; known are 1, 2 and 3.`, {
    exception: 'BackendException',
  });
}
