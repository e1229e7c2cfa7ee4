import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { errorCode } from '../util/errno.ts';

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

function loadAddon(): Addon | undefined {
  const addon: { exports: Addon } = { exports: {} };
  try {
    const manifest = createRequire(__filename).resolve('fs-native-extensions/package.json');
    const place = `${dirname(manifest)}/prebuilds/${process.platform}-${process.arch}`;
    process.dlopen(addon, `${place}/fs-native-extensions.node`);
    return addon.exports;
  } catch {
    return undefined;
  }
}
