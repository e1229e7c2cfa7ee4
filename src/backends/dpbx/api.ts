import { asking } from '../asking.ts';
import type { Hosts } from './account.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../http/http.ts';
import { DropboxRefusal, networkError, nonsense } from './failure.ts';
import { parseJson } from '../http/json.ts';
import { headerJson } from './json.ts';
import type { Tokens } from './token.ts';

/** Calls of the HTTP API, version 2. `task` is for messages: `store vol1 in /dir`. Refusals are `DropboxRefusal`s. */
export interface Api {
  /** Arguments and answer are JSON. `isSlow`: there is something to copy before the answer. */
  call(task: string, route: string, arg: object, signal: AbortSignal, isSlow?: boolean): Promise<unknown>;
  upload(task: string, route: string, arg: object, content: Buffer, signal: AbortSignal): Promise<unknown>;
  /** `range` is the value of a Range header. The stream is to be read, or destroyed. */
  download(task: string, path: string, range: string | undefined, signal: AbortSignal): Promise<Download>;
}

export interface Download extends HttpResponse {
  /** What the server tells of the file. */
  readonly metadata: unknown;
}

/** Pages of listings have a MiB; of what goes on for ever the beginning is no JSON. */
const LARGEST_ANSWER = 64 * 1024 * 1024;
/** Refusals are short; a page of something else is not worth more. */
const LARGEST_REFUSAL = 64 * 1024;

/** One write of megabytes would be encrypted, and held twice, at once. */
const BLOCK = 64 * 1024;

export function openApi(client: HttpClient, hosts: Hosts, tokens: Tokens): Api {
  /** One request, and another one when the token turns out to have expired. */
  async function answered(task: string, signal: AbortSignal, request: () => Omit<HttpRequest, 'signal'>) {
    signal.throwIfAborted();
    for (let attempt = 1; ; attempt++) {
      const token = await tokens.current(signal);
      const { headers = {}, ...rest } = request();
      const response = await client.send({
        ...rest,
        headers: { ...headers, Authorization: `Bearer ${token.secret.reveal()}` },
        signal,
      });
      if (response.status >= 200 && response.status < 300) return response;
      const refusal = new DropboxRefusal(task, { ...response, text: await textOf(response, LARGEST_REFUSAL) });
      if (refusal.tags !== 'expired_access_token' || attempt > 1 || !tokens.expired(token)) throw refusal;
    }
  }

  return {
    call: (task, route, arg, signal, isSlow = false) =>
      asking({ task, signal, failureOf: networkError }, async () => {
        const bytes = Buffer.from(JSON.stringify(arg));
        const response = await answered(task, signal, () => ({
          method: 'POST',
          url: `https://${hosts.api}/2/${route}`,
          headers: { 'Content-Type': 'application/json' },
          body: { size: bytes.length, bytes: inBlocks(bytes) },
          isSlow,
        }));
        return answerIn(task, await textOf(response));
      }),
    upload: (task, route, arg, content, signal) =>
      asking({ task, signal, failureOf: networkError }, async () => {
        const response = await answered(task, signal, () => ({
          method: 'POST',
          url: `https://${hosts.content}/2/${route}`,
          headers: { 'Content-Type': 'application/octet-stream', 'Dropbox-API-Arg': headerJson(arg) },
          body: { size: content.length, bytes: inBlocks(content) },
        }));
        return answerIn(task, await textOf(response));
      }),
    download: (task, path, range, signal) =>
      asking({ task, signal, failureOf: networkError }, async () => {
        const response = await answered(task, signal, () => ({
          method: 'POST',
          url: `https://${hosts.content}/2/files/download`,
          headers: { 'Dropbox-API-Arg': headerJson({ path }), ...(range === undefined ? {} : { Range: range }) },
        }));
        const said = response.headers['dropbox-api-result'];
        return { ...response, metadata: typeof said === 'string' ? parseJson(said) : undefined };
      }),
  };
}

async function* inBlocks(content: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < content.length; at += BLOCK) yield content.subarray(at, at + BLOCK);
}

/** Something on the way may answer in place of Dropbox: its page must not pass for an empty folder. */
function answerIn(task: string, text: string): unknown {
  const answer = parseJson(text);
  if (answer === undefined) throw nonsense(task);
  return answer;
}

async function textOf({ stream }: HttpResponse, most = LARGEST_ANSWER): Promise<string> {
  const blocks: Buffer[] = [];
  let size = 0;
  for await (const block of stream as AsyncIterable<Buffer>) {
    blocks.push(block);
    size += block.length;
    if (size >= most) break;
  }
  return Buffer.concat(blocks).toString();
}
