import { asking } from '../asking.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../http/http.ts';
import { codeOf, networkError, refusal } from './failure.ts';
import { type Said, saidIn } from './said.ts';
import { logIn, USER_AGENT, type Grant, type Login } from './login.ts';

type WholeResponse = Omit<HttpResponse, 'stream'> & { readonly text: string };

export interface Question {
  /** For messages: `list files in bucket`. */
  readonly task: string;
  /** Codes of failures that are none here. */
  readonly accept?: readonly string[];
  /** The service has something to copy before it answers. */
  readonly isSlow?: boolean;
  readonly signal: AbortSignal;
}

export interface FileQuestion extends Question {
  /** Escaped: `bucket/folder/name`. */
  readonly path: string;
  readonly range?: string;
}

/** Requests with the rights of one key. */
export interface Account {
  grant(signal: AbortSignal): Promise<Grant>;
  /** A call of the API. `params` may need what the grant tells. Gives nothing for a failure that is accepted. */
  call(name: string, params: object | ((grant: Grant) => object), question: Question): Promise<Said>;
  /** The answer to GET, for reading: its stream has to be read or destroyed. */
  download(question: FileQuestion): Promise<HttpResponse>;
  /** The answer to HEAD; undefined: there is no such file. */
  head(question: FileQuestion): Promise<WholeResponse | undefined>;
}

/** Logs in when first asked and again when the token has expired. */
export function openAccount(client: HttpClient, login: Login): Account {
  let current: Promise<Grant> | undefined;

  function grant(signal: AbortSignal): Promise<Grant> {
    if (current !== undefined) return current;
    const asked = logIn(client, login, signal);
    // Kept only when it worked; who asks meanwhile waits for the same answer.
    asked.catch(() => {
      if (current === asked) current = undefined;
    });
    return (current = asked);
  }

  /** Asks once more with a new token when the old one has expired. */
  async function answered<R extends HttpResponse | WholeResponse>(
    signal: AbortSignal,
    send: (grant: Grant) => Promise<R>,
  ): Promise<R | WholeResponse> {
    for (let attempt = 1; ; attempt++) {
      const used = grant(signal);
      const response = await send(await used);
      if (isFine(response.status)) return response;
      const whole = isWhole(response) ? response : await readWhole(response);
      // An answer to HEAD does not say why.
      if (whole.status !== 401 || codeOf(whole) === 'unauthorized' || attempt > 1) return whole;
      if (current === used) current = undefined;
    }
  }

  function fileRequest(method: string, { path, range, signal }: FileQuestion, { downloadUrl, token }: Grant) {
    const headers = {
      Authorization: token.reveal(),
      'User-Agent': USER_AGENT,
      ...(range === undefined ? {} : { Range: range }),
    };
    return { method, url: `${downloadUrl}/file/${path}`, headers, signal };
  }

  return {
    grant: (signal) => asking({ task: `log in at ${login.url}`, signal, failureOf: networkError }, () => grant(signal)),
    call: (name, params, question) =>
      asking({ ...question, failureOf: networkError }, async () => {
        const { task, signal, accept = [], isSlow = false } = question;
        const answer = await answered(signal, (grant) =>
          client.sendWhole({
            ...post(`${grant.apiUrl}/b2api/v2/${name}`, grant, typeof params === 'function' ? params(grant) : params),
            isSlow,
            signal,
          }),
        );
        if (isFine(answer.status)) return saidIn(answer.text);
        if (accept.includes(codeOf(answer))) return {};
        throw refusal(task, answer);
      }),
    download: (question) =>
      asking({ ...question, failureOf: networkError }, async () => {
        const response = await answered(question.signal, (grant) => client.send(fileRequest('GET', question, grant)));
        if (!isWhole(response)) return response;
        throw refusal(question.task, response);
      }),
    head: (question) =>
      asking({ ...question, failureOf: networkError }, async () => {
        const response = await answered(question.signal, (grant) =>
          client.sendWhole(fileRequest('HEAD', question, grant)),
        );
        if (response.status === 404) return undefined;
        if (isFine(response.status)) return response;
        throw refusal(question.task, response);
      }),
  };
}

function isWhole(response: HttpResponse | WholeResponse): response is WholeResponse {
  return 'text' in response;
}

export function isFine(status: number): boolean {
  return status >= 200 && status < 300;
}

function post(url: string, { token }: Grant, params: object): Omit<HttpRequest, 'signal'> {
  const bytes = Buffer.from(JSON.stringify(params));
  async function* once(): AsyncGenerator<Buffer> {
    yield bytes;
  }
  const headers = {
    Authorization: token.reveal(),
    'Content-Type': 'application/json',
    'User-Agent': USER_AGENT,
  };
  return { method: 'POST', url, headers, body: { size: bytes.length, bytes: once() } };
}

/** Refusals are short; of anything else the beginning will do. */
const ENOUGH = 64 * 1024;

async function readWhole({ status, headers, stream }: HttpResponse): Promise<WholeResponse> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size > ENOUGH) break;
  }
  return { status, headers, text: Buffer.concat(parts).toString() };
}
