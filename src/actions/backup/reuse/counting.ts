import { statSync } from 'node:fs';
import type { Remote } from '../../../pipeline/remote.ts';
import type { Source } from '../../../repository/source/source-tree.ts';

/** Bytes of the source that were read, and bytes of files that were sent. */
export interface Traffic {
  read: number;
  sent: number;
}

/** `open`, with what is read of each file added up. */
export function countReads(open: Source['open'], traffic: Traffic): Source['open'] {
  return (entry) => {
    const file = open(entry);
    return {
      ...file,
      read: (into) => {
        const length = file.read(into);
        traffic.read += length;
        return length;
      },
    };
  };
}

/** `remote`, with what is put there added up. */
export function countPuts(remote: Remote, traffic: Traffic): Remote {
  return {
    ...remote,
    async put(name, file, options) {
      const { size } = statSync(file);
      await remote.put(name, file, options);
      traffic.sent += size;
    },
  };
}
