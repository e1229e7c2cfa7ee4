import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';

import type { ConformanceOptions } from './conformance.ts';

/** For a place that is a directory on this disk, which is known once the server has started. */
export function onDisk(
  directory: () => string,
): Required<Omit<ConformanceOptions, 'checksum' | 'unfinished' | 'copied' | 'copiesNothing'>> {
  return {
    // More than sftp gives in one answer.
    names: 2000,
    async plant(names, content) {
      mkdirSync(directory(), { recursive: true });
      for (const name of names) writeFileSync(`${directory()}/${name}`, content);
    },
    clear() {
      if (!existsSync(directory())) return;
      for (const name of readdirSync(directory())) rmSync(`${directory()}/${name}`, { recursive: true });
    },
  };
}
