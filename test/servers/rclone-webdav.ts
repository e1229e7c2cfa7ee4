import { mkdirSync } from 'node:fs';

import { freePorts, startServer, type ServerProcess } from './process.ts';

export interface RcloneDav extends ServerProcess {
  readonly data: string;
  /** With user and password. */
  url(path: string): string;
}

/** The WebDAV server of rclone: another dialect of the answers, other limits. */
export async function startRcloneDav(dir: string): Promise<RcloneDav> {
  const [port = 0] = await freePorts(1);
  const data = `${dir}/data`;
  mkdirSync(data);
  const caching = ['--vfs-cache-mode', 'writes', '--vfs-write-back', '0', '--dir-cache-time', '0'];
  const words = [
    'serve',
    'webdav',
    '--addr',
    `127.0.0.1:${port}`,
    '--user',
    'backup',
    '--pass',
    'hush',
    ...caching,
    data,
  ];
  const env = {
    PATH: process.env['PATH'],
    HOME: dir,
    RCLONE_CONFIG: `${dir}/rclone.conf`,
    RCLONE_CACHE_DIR: `${dir}/cache`,
  };
  const server = await startServer('rclone', words, { cwd: dir, ports: [port], env });
  return { ...server, data, url: (path) => `webdav://backup:hush@127.0.0.1:${port}/${path}` };
}
