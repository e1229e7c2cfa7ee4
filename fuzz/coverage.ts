import { Session } from 'node:inspector';

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
  }[];
}

/** What has been run, block by block, as V8 counts it. */
export interface Coverage {
  /**
   * How many bytes of code have run since the last call as they never did before: at all (`unseen`, which is only told),
   * or also more often than ever (`all`, which is noted).
   */
  take(what: 'unseen' | 'all'): number;
  /** Bytes of code that have been run. */
  readonly size: number;
}

/** Counts what runs of the files that `isOurs` says yes to, from now on. */
export function startCoverage(isOurs: (url: string) => boolean): Coverage {
  const session = new Session();
  session.connect();
  const ask = (method: string, params?: object): unknown => {
    let answer: unknown;
    // Within one thread the answer is there when the call returns.
    session.post(method, params, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer;
  };
  ask('Profiler.enable');
  ask('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const run = new Map<string, Uint8Array>();
  let size = 0;

  /** Bytes of one script that are new. */
  function look({ url, functions }: ScriptCoverage, isNoted: boolean): number {
    const last = functions.reduce((end, { ranges }) => Math.max(end, ranges[0]?.endOffset ?? 0), 0);
    // Functions and blocks come from the outside in: what is inside knows better.
    const now = new Uint8Array(last);
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges) now.fill(levelOf(count), startOffset, endOffset);
    }
    const before = run.get(url);
    const known = before !== undefined && before.length >= last ? before : new Uint8Array(last);
    if (before !== undefined && known !== before) known.set(before);
    run.set(url, known);
    let fresh = 0;
    for (let at = 0; at < last; at++) {
      const level = now[at] ?? 0;
      const was = known[at] ?? 0;
      if ((was | level) === was || (!isNoted && was !== 0)) continue;
      fresh++;
      if (!isNoted) continue;
      if (was === 0) size++;
      known[at] = was | level;
    }
    return fresh;
  }

  return {
    take(what) {
      const { result } = ask('Profiler.takePreciseCoverage') as { readonly result: readonly ScriptCoverage[] };
      const ours = result.filter(({ url }) => isOurs(url));
      return ours.reduce((fresh, script) => fresh + look(script, what === 'all'), 0);
    },
    get size() {
      return size;
    },
  };
}

/** How often, roughly, as one bit: a loop that goes round more often than ever is news too. */
function levelOf(count: number): number {
  if (count === 0) return 0;
  return 1 << Math.min(7, Math.floor(Math.log2(count) / 2));
}
