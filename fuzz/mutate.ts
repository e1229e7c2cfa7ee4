/** Numbers at least 0 and below 1, the same for the same seed (mulberry32, public domain). */
export type Random = () => number;

/** Numbers that readers stumble over, as text. */
const NUMBERS = [
  '0', '1', '-1', '00', '7', '64', '127', '255', '256', '511', '512', '513', '65535', '65536', '2147483647', '2147483648',
  '4294967295', '4294967296', '9007199254740991', '9007199254740993', '18446744073709551616', '1e308', '1e999', '0.5',
  'NaN', '99999999999999999999999999999999',
]; // prettier-ignore
const BYTES = [0, 1, 9, 10, 13, 32, 34, 37, 39, 42, 45, 46, 47, 58, 64, 91, 92, 127, 128, 191, 192, 224, 254, 255];
const WORDS_32 = [0, 1, 2, 11, 12, 255, 256, 65_535, 65_536, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

interface Sources {
  readonly random: Random;
  /** Something else to take pieces of. */
  readonly other: Buffer;
  readonly words: readonly Buffer[];
  /** Bytes of the longest. */
  readonly most: number;
}

/** `input` with some changes. */
export function mutated(input: Buffer, sources: Sources): Buffer {
  const { random, most } = sources;
  let bytes: Buffer = Buffer.from(input);
  for (let left = 1 << below(4, random); left > 0; left--) {
    bytes = MUTATIONS[below(MUTATIONS.length, random)]?.(bytes, sources) ?? bytes;
    if (bytes.length > most) bytes = bytes.subarray(0, most);
  }
  return bytes;
}

export function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

type Mutation = (bytes: Buffer, sources: Sources) => Buffer;

const flipBit: Mutation = (bytes, { random }) => {
  const at = below(bytes.length, random);
  if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8, random));
  return bytes;
};

const setByte: Mutation = (bytes, { random }) => {
  const at = below(bytes.length, random);
  if (at < bytes.length) bytes[at] = random() < 0.3 ? below(256, random) : oneOf(BYTES, random);
  return bytes;
};

const addToByte: Mutation = (bytes, { random }) => {
  const at = below(bytes.length, random);
  if (at < bytes.length) bytes[at] = ((bytes[at] ?? 0) + below(33, random) - 16) & 255;
  return bytes;
};

const setInteger: Mutation = (bytes, { random }) => {
  if (bytes.length < 4) return bytes;
  const at = below(bytes.length - 3, random);
  const value = oneOf(WORDS_32, random);
  if (random() < 0.5) bytes.writeUInt32BE(value, at);
  else bytes.writeUInt32LE(value, at);
  return bytes;
};

const setNumber: Mutation = (bytes, { random }) => {
  const text = bytes.toString('latin1');
  const found = [...text.matchAll(/\d+/g)].slice(0, 1000);
  const one = found[below(found.length, random)];
  if (one === undefined) return bytes;
  const next = random() < 0.3 ? String(Number(one[0]) + below(5, random) - 2) : oneOf(NUMBERS, random);
  return Buffer.from(text.slice(0, one.index) + next + text.slice(one.index + one[0].length), 'latin1');
};

const insertWord: Mutation = (bytes, { random, words }) => {
  const word = words[below(words.length, random)] ?? Buffer.from([below(256, random)]);
  return inserted(bytes, below(bytes.length + 1, random), word);
};

const overwriteWithWord: Mutation = (bytes, { random, words }) => {
  const word = words[below(words.length, random)];
  if (word !== undefined) word.copy(bytes, below(bytes.length, random));
  return bytes;
};

const remove: Mutation = (bytes, { random }) => {
  const [from, to] = slice(bytes, random);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
};

const copyWithin: Mutation = (bytes, { random }) => {
  const [from, to] = slice(bytes, random);
  return inserted(bytes, below(bytes.length + 1, random), bytes.subarray(from, to));
};

const takeFromOther: Mutation = (bytes, { random, other }) => {
  const [from, to] = slice(other, random);
  return inserted(bytes, below(bytes.length + 1, random), other.subarray(from, to));
};

const splice: Mutation = (bytes, { random, other }) =>
  Buffer.concat([bytes.subarray(0, below(bytes.length + 1, random)), other.subarray(below(other.length + 1, random))]);

/** What takes time that grows faster than the input shows itself. */
const repeat: Mutation = (bytes, { random, most }) => {
  const from = below(bytes.length, random);
  const part = bytes.subarray(from, from + 1 + below(random() < 0.5 ? 3 : 40, random));
  if (part.length === 0) return bytes;
  const room = Math.max(0, most - bytes.length);
  const times = 1 + below(Math.floor((random() < 0.1 ? room : Math.min(room, 500)) / part.length) + 1, random);
  return inserted(bytes, from, Buffer.concat(Array.from({ length: times }, () => part)));
};

const truncate: Mutation = (bytes, { random }) => bytes.subarray(0, below(bytes.length + 1, random));

const swapLines: Mutation = (bytes, { random }) => {
  const lines = bytes.toString('latin1').split('\n');
  const [a, b] = [below(lines.length, random), below(lines.length, random)];
  [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
  return Buffer.from(lines.join('\n'), 'latin1');
};

const MUTATIONS: readonly Mutation[] = [
  flipBit, flipBit, setByte, setByte, addToByte, setInteger, setNumber, setNumber, insertWord, insertWord,
  overwriteWithWord, remove, remove, copyWithin, takeFromOther, splice, repeat, truncate, swapLines,
]; // prettier-ignore

function inserted(bytes: Buffer, at: number, part: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}

/** Short ones are likelier. */
function slice(bytes: Buffer, random: Random): [number, number] {
  const from = below(bytes.length, random);
  return [from, from + 1 + below(Math.max(1, (bytes.length - from) * random() ** 2), random)];
}

function oneOf<T>(list: readonly T[], random: Random): T {
  const found = list[below(list.length, random)];
  if (found === undefined) throw new Error('an empty list');
  return found;
}
