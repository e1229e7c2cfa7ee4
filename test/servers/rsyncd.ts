import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';

import { freePorts, startServer, type ServerProcess } from './process.ts';

export const RSYNC_PASSWORD = 'p@ss:wo/rd %41';

export interface Rsyncd extends ServerProcess {
  readonly port: number;
  /** Directories of the modules of these names; `secret` wants the user `dup` with RSYNC_PASSWORD, `ro` is read-only. */
  readonly data: { readonly open: string; readonly secret: string; readonly ro: string };
}

/** A daemon of rsync on loopback; `more` lines are for all of its modules, `own` are modules besides. */
export async function startRsyncd(dir: string, more: readonly string[] = [], own = ''): Promise<Rsyncd> {
  const [port = 0] = await freePorts(1);
  const modules = ['open', 'secret', 'ro'] as const;
  for (const name of modules) mkdirSync(`${dir}/data/${name}`, { recursive: true });
  writeFileSync(`${dir}/secrets`, `dup:${RSYNC_PASSWORD}\n`);
  chmodSync(`${dir}/secrets`, 0o600);
  const isRoot = process.getuid?.() === 0;
  const lines = [
    'address = 127.0.0.1',
    `port = ${port}`,
    'use chroot = no',
    'reverse lookup = no',
    `motd file = ${dir}/motd`,
    `lock file = ${dir}/locks`,
    ...more,
    ...(isRoot ? ['uid = root', 'gid = root'] : []),
    ...modules.flatMap((name) => [
      `[${name}]`,
      `path = ${dir}/data/${name}`,
      `read only = ${name === 'ro' ? 'yes' : 'no'}`,
      ...(name === 'secret' ? ['auth users = dup', `secrets file = ${dir}/secrets`] : []),
    ]),
  ];
  writeFileSync(`${dir}/motd`, '-rw-r--r--  1 2026/01/01 00:00:00 greeting\n');
  writeFileSync(`${dir}/rsyncd.conf`, `${lines.join('\n')}\n${own}\n`);
  const running = await startServer(
    'rsync',
    ['--daemon', '--no-detach', `--config=${dir}/rsyncd.conf`, `--log-file=${dir}/rsyncd-own.log`],
    { cwd: dir, ports: [port] },
  );
  return {
    ...running,
    port,
    data: { open: `${dir}/data/open`, secret: `${dir}/data/secret`, ro: `${dir}/data/ro` },
  };
}
