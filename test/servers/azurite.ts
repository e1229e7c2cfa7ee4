import { existsSync } from 'node:fs';
import { root } from '../support/paths.ts';
import { tempDir } from '../support/temp.ts';
import { startServer } from './process.ts';

/** Azurite, Microsoft's emulator of Azure Storage: npm package in test/servers/azurite, installed by `npm test`. */
export interface AzuriteServer extends AsyncDisposable {
  readonly origin: string;
  /** For AZURE_CONNECTION_STRING. */
  readonly connectionString: string;
}

const PROGRAM = `${root}/test/servers/azurite/node_modules/azurite/dist/src/blob/main.js`;
const ACCOUNT = 'devstoreaccount1';
/** Of the emulator's only account; printed in its documentation. */
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export function requireAzurite(): boolean {
  if (existsSync(PROGRAM)) return true;
  const reason = 'Azurite is not installed: run "npm ci" in test/servers/azurite';
  if (process.env['CI'] === 'true') throw new Error(`cannot test: ${reason}`);
  console.warn(`skipped: ${reason}`);
  return false;
}

export async function startAzurite(): Promise<AzuriteServer> {
  const dir = tempDir();
  const options = ['--skipApiVersionCheck', '--disableTelemetry', '--disableProductStyleUrl', '--inMemoryPersistence'];
  const server = await startServer(
    process.execPath,
    [PROGRAM, '--blobHost', '127.0.0.1', '--blobPort', '0', ...options],
    { ready: /listens on http:\/\/127\.0\.0\.1:(\d+)/, env: { PATH: process.env['PATH'], HOME: dir }, cwd: dir },
  );
  const origin = `http://127.0.0.1:${server.said}`;
  return {
    origin,
    connectionString: connectionString(origin),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** Also for a proxy in front of it. */
export function connectionString(origin: string, key: string = KEY): string {
  return `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};BlobEndpoint=${origin}/${ACCOUNT};`;
}
