import { root } from '../support/paths.ts';
import { tempDir } from '../support/temp.ts';
import { requirePythonModule } from '../support/tools.ts';
import { startServer } from './process.ts';

/** Backblaze's own simulator of B2 (package python3-b2sdk) behind HTTP, on loopback. */
export interface B2Server extends AsyncDisposable {
  readonly port: number;
  readonly origin: string;
  /** The key that may do everything. */
  readonly key: B2Key;
  /** Environment for b2 URLs with this key. */
  readonly env: Readonly<Record<string, string>>;
  /** All tokens given so far expire. */
  expire(): Promise<void>;
  /** The next uploads fail so, one after another; exceptions of b2sdk without arguments. */
  failUploads(...errors: readonly string[]): Promise<void>;
  /** The next uploads arrive with a byte changed. */
  damageUploads(count: number): Promise<void>;
  makeKey(
    capabilities: readonly string[],
    limits?: { readonly bucket?: string; readonly prefix?: string },
  ): Promise<B2Key>;
  /** Files with the content `x`: much faster than to upload so many. The bucket has to be there. */
  plant(bucket: string, names: readonly string[]): Promise<void>;
  /** Everything in the bucket, newest version first. */
  bucket(name: string): Promise<{ readonly bucketType: string; readonly versions: readonly B2Version[] }>;
}

export interface B2Key {
  readonly id: string;
  readonly key: string;
}

export interface B2Version {
  readonly name: string;
  readonly action: 'upload' | 'hide' | 'start';
  readonly type: string;
  readonly size: number;
  readonly info: Readonly<Record<string, string>>;
}

export function requireB2(): boolean {
  return requirePythonModule('b2sdk');
}

/** Files of more than `partSize` bytes are large ones. */
export async function startB2(partSize: number): Promise<B2Server> {
  const dir = tempDir();
  // Debian's packages are for Debian's Python, whatever else is in PATH.
  const server = await startServer('/usr/bin/python3', [`${root}/test/servers/b2.py`, String(partSize)], {
    ready: /^(\d+)\n/m,
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', HOME: dir, PYTHONDONTWRITEBYTECODE: '1' },
    cwd: dir,
  });
  const port = Number(server.said);
  const origin = `http://127.0.0.1:${port}`;
  // The simulator's first account.
  const key = { id: 'account-0', key: 'masterKey-0' };
  const basic = Buffer.from(`${key.id}:${key.key}`).toString('base64');

  async function order<T>(name: string, params: object): Promise<T> {
    const answer = await fetch(`${origin}/control/${name}`, {
      method: 'POST',
      body: JSON.stringify({ ...params, basic }),
    });
    if (!answer.ok) throw new Error(`${name}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  return {
    port,
    origin,
    key,
    env: { B2_API_URL: origin, FTP_PASSWORD: key.key },
    expire: async () => void (await order('expire', {})),
    failUploads: async (...errors) => void (await order('upload-errors', { errors })),
    damageUploads: async (count) => void (await order('damage', { count })),
    async makeKey(capabilities, limits = {}) {
      const made = await order<{ applicationKeyId: string; applicationKey: string }>('key', {
        capabilities,
        ...limits,
      });
      return { id: made.applicationKeyId, key: made.applicationKey };
    },
    plant: async (bucket, names) => void (await order('plant', { bucket, names })),
    bucket: (name) => order('versions', { bucket: name }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
