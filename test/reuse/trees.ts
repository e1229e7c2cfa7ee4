import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { noise, treeOf } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

/** A tree that changes a little from set to set, the same for the same random numbers. */
export interface ChangingTree {
  /** Makes some changes, dated before set `k`. */
  change(k: number, count: number): void;
  /** Bytes of content. */
  bytes(): number;
}

const LENGTHS = [0, 1, 700, 9000, 30_000, 65_536, 90_000, 131_072, 200_000];

export function changingTree(
  dir: string,
  random: () => number,
  { directories = 10, files = 80, large = 700_000 }: { directories?: number; files?: number; large?: number } = {},
): ChangingTree {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const paths = (type: string): readonly string[] =>
    treeOf(dir)
      .filter((entry) => entry.type === type && entry.path !== '' && entry.path !== '.')
      .map(({ path }) => path);
  let seed = 1;

  function write(path: string, length: number, k: number): void {
    mkdirSync(dirname(`${dir}/${path}`), { recursive: true });
    writeFileSync(`${dir}/${path}`, noise(length, ++seed));
    date(path, k);
  }

  /** It and the directories above it. */
  function date(path: string, k: number): void {
    const time = timeOfSet(k) - 1000 + (++seed % 900);
    for (let at = path; ; at = dirname(at)) {
      if (lstatSync(`${dir}/${at}`, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
        lutimesSync(`${dir}/${at}`, time, time);
      } else if (lstatSync(`${dir}/${at}`, { throwIfNoEntry: false }) !== undefined)
        utimesSync(`${dir}/${at}`, time, time);
      if (at === '.') return;
    }
  }

  mkdirSync(dir, { recursive: true });
  for (let i = 0; i < files; i++) write(`d${i % directories}/f${i}`, pick(LENGTHS), 0);
  if (large > 0) write('d3/large', large, 0);

  const changes: ((k: number) => void)[] = [
    (k) => write(pick(paths('file')), pick(LENGTHS), k),
    (k) => write(pick(paths('file')), pick(LENGTHS), k),
    (k) => write(`${pick(paths('dir'))}/new${++seed}`, pick(LENGTHS), k),
    (k) => write(`d${Math.floor(random() * 30)}/n${++seed}`, pick(LENGTHS), k),
    (k) => {
      const path = pick(paths('file'));
      rmSync(`${dir}/${path}`);
      date(path, k);
    },
    (k) => {
      const path = pick(paths('file'));
      chmodSync(`${dir}/${path}`, 0o600 + Math.floor(random() * 2) * 0o40);
      void k;
    },
    (k) => {
      const path = pick(paths('file'));
      rmSync(`${dir}/${path}`);
      symlinkSync(`to${++seed}`, `${dir}/${path}`);
      date(path, k);
    },
    (k) => {
      const path = pick(paths('dir'));
      if (random() < 0.7) return;
      renameSync(`${dir}/${path}`, `${dir}/r${++seed}`);
      date(`r${seed}`, k);
      date(path, k);
    },
    (k) => {
      const path = pick(paths('file'));
      rmSync(`${dir}/${path}`);
      write(`${path}/inside`, pick(LENGTHS), k);
    },
  ];
  return {
    change(k, count) {
      for (let i = 0; i < count; i++) pick(changes)(k);
      while (paths('file').length < files / 2)
        write(`d${Math.floor(random() * directories)}/g${++seed}`, pick(LENGTHS), k);
    },
    bytes: () => treeOf(dir).reduce((sum, { size }) => sum + (size ?? 0), 0),
  };
}
