import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode } from '../../util/errno.ts';

/** Takes an exclusive lock on the whole open file, or answers false when another process has one. */
export type TryLock = (fd: number) => boolean;

/** What the addon of fs-native-extensions 1.x exports for its own index.js. */
interface Addon {
  tryLock?(fd: number, offset: number, length: number, isExclusive: boolean): void;
}

/**
 * The system's file locking. The package's own loader asks for hundreds of names before it finds its addon, which costs
 * 20 ms of every run; where the file lies is known, and the loader helps only where it lies elsewhere.
 */
export async function loadNativeLock(): Promise<TryLock> {
  const addon = loadAddon();
  if (addon?.tryLock === undefined) return (await import('fs-native-extensions')).tryLock;
  return (fd) => {
    try {
      addon.tryLock?.(fd, 0, 0, true);
      return true;
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') return false;
      throw error;
    }
  };
}

/** From the nearest node_modules that has it, as `require` would; the module system alone would take 2 ms to load. */
function loadAddon(): Addon | undefined {
  const addon: { exports: Addon } = { exports: {} };
  try {
    process.dlopen(addon, findAddon(__dirname));
    return addon.exports;
  } catch {
    return undefined;
  }
}

function findAddon(directory: string): string {
  const place = `prebuilds/${process.platform}-${process.arch}/fs-native-extensions.node`;
  const path = `${directory}/node_modules/fs-native-extensions/${place}`;
  return existsSync(path) || directory === dirname(directory) ? path : findAddon(dirname(directory));
}
