import { BackendError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';
import { withoutEnd } from '../../util/text/trim.ts';
import type { Login, Session } from './account.ts';
import { refusal } from './failure.ts';
import type { HttpClient } from '../http/http.ts';
import { fieldOf, listIn, parseJson, textIn } from '../http/json.ts';

/** Asks for a token. Throws CONNECTION_FAILED, the reference's code, when user or password are refused. */
export async function logIn(client: HttpClient, login: Login, signal: AbortSignal): Promise<Session> {
  switch (login.version) {
    case 1:
      return logInV1(client, login, signal);
    case 2:
      return logInV2(client, login, signal);
    case 3:
      return logInV3(client, login, signal);
  }
}

async function logInV1(client: HttpClient, login: Login, signal: AbortSignal): Promise<Session> {
  const headers = { 'X-Auth-User': login.user, 'X-Auth-Key': login.password.reveal() };
  const answer = await client.sendWhole({ method: 'GET', url: login.url, headers, signal });
  checkStatus(login, answer);
  const [url, token] = [answer.headers['x-storage-url'], answer.headers['x-auth-token']];
  if (typeof url !== 'string' || typeof token !== 'string') throw noToken(login);
  return sessionOf(url, token);
}

async function logInV2(client: HttpClient, login: Login, signal: AbortSignal): Promise<Session> {
  // `tenant:user`, as for version 1, is understood here too.
  const [, tenant, user] = /^([^:]*):(.*)$/.exec(login.user) ?? [];
  const project = login.project.name ?? tenant;
  const auth = {
    passwordCredentials: {
      username: login.project.name === undefined && user !== undefined ? user : login.user,
      password: login.password.reveal(),
    },
    ...(login.project.id === undefined ? { tenantName: project } : { tenantId: login.project.id }),
  };
  const answer = await client.sendWhole(post(`${login.url}/tokens`, { auth }, signal));
  checkStatus(login, answer);
  const access = fieldOf(parseJson(answer.text), 'access');
  const address = (endpoint: unknown): string | undefined => textIn(endpoint, `${login.interface}URL`);
  const url = addressIn(login, listIn(access, 'serviceCatalog'), address);
  const id = textIn(fieldOf(access, 'token'), 'id');
  if (id === undefined) throw noToken(login);
  return sessionOf(url, id);
}

async function logInV3(client: HttpClient, login: Login, signal: AbortSignal): Promise<Session> {
  const user =
    login.userId === undefined ? { name: login.user, domain: domainOf(login.userDomain) } : { id: login.userId };
  const { id, name } = login.project;
  const project = id === undefined ? { name, domain: domainOf(login.projectDomain) } : { id };
  const auth = {
    identity: { methods: ['password'], password: { user: { ...user, password: login.password.reveal() } } },
    ...(id === undefined && name === undefined ? {} : { scope: { project } }),
  };
  const answer = await client.sendWhole(post(`${login.url}/auth/tokens`, { auth }, signal));
  checkStatus(login, answer);
  const token = fieldOf(parseJson(answer.text), 'token');
  // Version 3 names the interface of an endpoint, version 2 has an address for each.
  const address = (endpoint: unknown): string | undefined =>
    fieldOf(endpoint, 'interface') === login.interface ? textIn(endpoint, 'url') : undefined;
  const url = addressIn(login, listIn(token, 'catalog'), address);
  const header = answer.headers['x-subject-token'];
  if (typeof header !== 'string') throw noToken(login);
  return sessionOf(url, header);
}

function domainOf({ id, name }: { readonly id: string | undefined; readonly name: string | undefined }): object {
  if (id !== undefined) return { id };
  return name === undefined ? { id: 'default' } : { name };
}

function post(url: string, content: object, signal: AbortSignal) {
  const bytes = Buffer.from(JSON.stringify(content));
  async function* once(): AsyncGenerator<Buffer> {
    yield bytes;
  }
  const headers = { 'Content-Type': 'application/json' };
  return { method: 'POST', url, headers, body: { size: bytes.length, bytes: once() }, signal };
}

function addressIn(
  login: Login,
  catalog: readonly unknown[] | undefined,
  address: (endpoint: unknown) => string | undefined,
): string {
  const endpoints = (catalog ?? [])
    .filter((service) => fieldOf(service, 'type') === 'object-store')
    .flatMap((service) => listIn(service, 'endpoints') ?? []);
  for (const endpoint of endpoints) {
    if (login.region !== undefined && textIn(endpoint, 'region') !== login.region) continue;
    const url = address(endpoint);
    if (url !== undefined) return url;
  }
  const regions = [...new Set(endpoints.flatMap((endpoint) => textIn(endpoint, 'region') ?? []))].join(', ');
  const where = login.region === undefined ? '' : ` in region ${login.region}`;
  throw new BackendError('CONNECTION_FAILED', `Connection failed: ${login.url} offers no object store${where}.`, {
    retryable: false,
    hint: regions === '' ? 'Check the project (tenant).' : `Set the region to one of these: ${regions}.`,
  });
}

function checkStatus(
  login: Login,
  answer: { readonly status: number; readonly headers: { readonly 'retry-after'?: string | undefined } },
): void {
  if (answer.status >= 200 && answer.status < 300) return;
  if (answer.status === 401 || answer.status === 403) {
    throw new BackendError('CONNECTION_FAILED', `Connection failed: ${login.url} refuses user or password.`, {
      retryable: false,
      exception: 'ClientException',
      hint: 'Check user, password and project (tenant) in the environment.',
    });
  }
  throw refusal(`log in at ${login.url}`, answer);
}

function noToken(login: Login): BackendError {
  return new BackendError('CONNECTION_FAILED', `Connection failed: ${login.url} gives no token.`, {
    retryable: false,
    hint: 'Check that the authentication version fits the address.',
  });
}

function sessionOf(url: string, token: string): Session {
  return { url: withoutEnd(url, /\//), token: new Secret(token) };
}
