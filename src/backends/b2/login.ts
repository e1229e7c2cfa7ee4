import { BackendError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';
import type { HttpClient } from '../http/http.ts';
import { fieldOf, numberIn, parseJson, textIn } from '../http/json.ts';
import { isWrongKey, refusal } from './failure.ts';

/** Which key to show to whom. */
export interface Login {
  /** Address of the service, without a slash at the end. */
  readonly url: string;
  readonly keyId: string;
  readonly key: Secret;
}

/** What the service answered: good for a day at most. */
export interface Grant {
  readonly accountId: string;
  readonly apiUrl: string;
  readonly downloadUrl: string;
  readonly token: Secret;
  /** Bytes. */
  readonly partSize: number;
  /** What the key is restricted to. */
  readonly allowed: Allowed;
}

export interface Allowed {
  readonly bucketId: string | undefined;
  /** undefined with a `bucketId`: the bucket has been deleted. */
  readonly bucketName: string | undefined;
  readonly namePrefix: string;
}

export const USER_AGENT = 'duplicity-ts';
/** Of an answer that does not say: what the service has recommended since large files came. */
const USUAL_PART = 100_000_000;

/** b2_authorize_account. Throws CONNECTION_FAILED when the key is not accepted. */
export async function logIn(client: HttpClient, login: Login, signal: AbortSignal): Promise<Grant> {
  const { url, keyId, key } = login;
  const basic = Buffer.from(`${keyId}:${key.reveal()}`).toString('base64');
  const answer = await client.sendWhole({
    method: 'GET',
    url: `${url}/b2api/v2/b2_authorize_account`,
    headers: { Authorization: `Basic ${basic}`, 'User-Agent': USER_AGENT },
    signal,
  });
  if (isWrongKey(answer)) {
    throw new BackendError('CONNECTION_FAILED', `Connection failed: ${url} does not accept the key ${keyId}.`, {
      retryable: false,
      exception: 'InvalidAuthToken',
      hint: 'Check the id in the URL and the key in it or in FTP_PASSWORD; a key may also have expired.',
    });
  }
  if (answer.status !== 200) throw refusal(`log in at ${url}`, answer);
  return grantOf(url, parseJson(answer.text));
}

function grantOf(url: string, answer: unknown): Grant {
  const [accountId, apiUrl, downloadUrl, authorizationToken] = [
    textIn(answer, 'accountId'),
    textIn(answer, 'apiUrl'),
    textIn(answer, 'downloadUrl'),
    textIn(answer, 'authorizationToken'),
  ];
  const allowed = fieldOf(answer, 'allowed');
  if (
    accountId === undefined ||
    apiUrl === undefined ||
    downloadUrl === undefined ||
    authorizationToken === undefined
  ) {
    throw new BackendError('CONNECTION_FAILED', `Connection failed: ${url} gives no token.`, {
      retryable: false,
      hint: 'Check B2_API_URL: it is the address of a service that speaks the native API of B2.',
    });
  }
  return {
    accountId,
    apiUrl,
    downloadUrl,
    token: new Secret(authorizationToken),
    partSize: numberIn(answer, 'recommendedPartSize') ?? USUAL_PART,
    allowed: {
      bucketId: textIn(allowed, 'bucketId'),
      bucketName: textIn(allowed, 'bucketName'),
      namePrefix: textIn(allowed, 'namePrefix') ?? '',
    },
  };
}
