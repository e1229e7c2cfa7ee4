/** A source of numbers that are the same on every run. */
export type Drawn = (limit: number) => number;

export function drawn(seed: number): Drawn {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Bytes of all sorts in turn: noise, runs, few letters, what stood there before at short and at the longest distances. */
export function mixedBytes(length: number, draw: Drawn): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    const most = [300, 5000, 70_000][draw(3)] ?? 0;
    const end = Math.min(length, at + 1 + draw(most));
    fill(bytes, at, end, draw);
    at = end;
  }
  return bytes;
}

function fill(bytes: Buffer, from: number, end: number, draw: Drawn): void {
  switch (draw(6)) {
    case 0:
      for (let at = from; at < end; at++) bytes[at] = draw(256);
      break;
    case 1: {
      const letters = 1 + draw(26);
      for (let at = from; at < end; at++) bytes[at] = 97 + draw(letters);
      break;
    }
    case 2:
      bytes.fill('abcdefghij'.slice(0, 1 + draw(10)), from, end);
      break;
    case 3:
      repeat(bytes, from, end, 1 + draw(draw(2) === 0 ? 40_000 : 10));
      break;
    case 4:
      repeat(bytes, from, end, 32_768 - draw(3));
      break;
    default:
      bytes.fill(draw(3) === 0 ? draw(256) : 0, from, end);
  }
}

function repeat(bytes: Buffer, from: number, end: number, distance: number): void {
  for (let at = from; at < end; at++) bytes[at] = bytes[at - distance] ?? 0;
}
