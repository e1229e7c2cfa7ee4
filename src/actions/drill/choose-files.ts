import type { EntryStream } from '../../archive/entry.ts';
import type { Soon } from '../../util/soon.ts';
import type { BytePath } from '../../util/bytepath.ts';

/** Numbers from 0 to 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Draws some of any number of things, each with the same chance; memory holds no more than those. */
export class Draw<T> {
  readonly #most: number;
  readonly #random: () => number;
  readonly drawn: T[] = [];
  #seen = 0;

  constructor(most: number, random: () => number) {
    this.#most = most;
    this.#random = random;
  }

  offer(one: T): void {
    this.#seen++;
    if (this.drawn.length < this.#most) this.drawn.push(one);
    else {
      const at = Math.floor(this.#random() * this.#seen);
      if (at < this.#most) this.drawn[at] = one;
    }
  }
}

/** Regular files that one set has stored, some of them. */
export async function drawChanged(
  signatures: EntryStream,
  { most, random }: { readonly most: number; readonly random: () => number },
): Promise<readonly BytePath[]> {
  const draw = new Draw<BytePath>(most, random);
  try {
    for (;;) {
      const next: Soon<Awaited<ReturnType<EntryStream['next']>>> = signatures.next();
      const entry = next instanceof Promise ? await next : next;
      if (entry === undefined) return draw.drawn;
      if (entry.kind === 'signature' && entry.meta.type === 'reg') draw.offer(entry.path);
    }
  } finally {
    await signatures.close();
  }
}

/** The first `most` of both, in turns, so that a part of them is of the newest set; none twice. */
export function inTurns(
  newest: readonly BytePath[],
  all: readonly BytePath[],
  { most, random }: { readonly most: number; readonly random: () => number },
): readonly BytePath[] {
  const [first, second] = [shuffled(newest, random), shuffled(all, random)];
  const chosen = new Set<BytePath>();
  for (let i = 0; chosen.size < most && i < Math.max(first.length, second.length); i++) {
    for (const path of [first[i], second[i]]) if (path !== undefined && chosen.size < most) chosen.add(path);
  }
  return [...chosen];
}

function shuffled<T>(all: readonly T[], random: () => number): readonly T[] {
  return all
    .map((one) => ({ one, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
