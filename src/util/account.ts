import { homedir, userInfo } from 'node:os';

type Env = Readonly<Record<string, string | undefined>>;

/** The caller's home directory; undefined without HOME where the system does not know the user, as in many containers. */
export function homeDirectory(env: Env): string | undefined {
  return env['HOME'] || known(homedir);
}

/** The caller's name, where anything tells it. */
export function userName(env: Env): string | undefined {
  return env['LOGNAME'] || env['USER'] || known(() => userInfo().username);
}

function known(ask: () => string): string | undefined {
  try {
    return ask() || undefined;
  } catch {
    return undefined;
  }
}
