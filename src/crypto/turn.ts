import { setImmediate } from 'node:timers/promises';

/** A few milliseconds of inflating, 3 within OpenPGP; a turn of the event loop costs about 10 us. */
const TURN_BYTES = 1024 * 1024;

/**
 * Work that never waits for anything keeps signals and transfers from being seen. Told of the bytes it goes through, this
 * answers a promise once in `turnBytes`, which gives them their turn.
 */
export function turnTaker(turnBytes = TURN_BYTES): (bytes: number) => Promise<void> | undefined {
  let sinceTurn = 0;
  return (bytes) => {
    sinceTurn += bytes;
    if (sinceTurn < turnBytes) return undefined;
    sinceTurn = 0;
    return setImmediate();
  };
}
