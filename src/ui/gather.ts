import type { Sink } from './sink.ts';

const GATHER_BYTES = 64 * 1024;
const LINGER_MS = 50;

export interface Gatherer {
  readonly add: (line: string) => void;
  readonly flush: () => void;
}

/** Many short lines become few writes; none lingers for long. */
export function gatherInto(sink: Sink, encoding: 'latin1' | 'utf8'): Gatherer {
  let pending = '';
  let since = 0;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    if (timer) clearTimeout(timer);
    timer = undefined;
    if (pending === '') return;
    const bytes = Buffer.from(pending, encoding);
    pending = '';
    sink.write(bytes);
  }

  return {
    add(line) {
      if (pending === '') {
        since = Date.now();
        timer = setTimeout(flush, LINGER_MS).unref();
      }
      pending += line;
      // The timer does not fire while a long stretch of work keeps the event loop.
      if (pending.length >= GATHER_BYTES || Date.now() - since > LINGER_MS) flush();
    },
    flush,
  };
}
