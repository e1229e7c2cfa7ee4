import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Large enough that collecting costs nothing that can be measured, small beside the memory of the process. */
const INTERVAL_BYTES = 16 * 1024 * 1024;

type Collect = (options: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;
let sinceLast = 0;

/**
 * To be told of every decoded block. The collector does not see that the few bytes of a Buffer object hold 256 KiB, and
 * lets up to 64 MiB of blocks that nobody uses pile up; looking at young objects now and then frees them.
 */
export function noteBlock(length: number): void {
  sinceLast += length;
  if (sinceLast < INTERVAL_BYTES) return;
  sinceLast = 0;
  collect ??= exposeCollector();
  collect({ type: 'minor' });
}

function exposeCollector(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
