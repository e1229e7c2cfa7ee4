import { createHash } from 'node:crypto';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';

/** A file system as it is at one moment: what each number is, and under which names it lies in directories. */
export type Disk = Map<number, Node>;

export type Node =
  | { readonly kind: 'file'; data: Buffer }
  | { readonly kind: 'directory'; readonly names: Map<string, number> }
  | { readonly kind: 'link'; readonly to: string };

/** Where a disk begins. */
export const TOP = 0;

/** What a system call does to a disk. Directories and files go by number, so that each step stands for itself. */
export type Step =
  | {
      readonly does: 'make';
      readonly node: number;
      readonly in: number;
      readonly name: string;
      readonly is: 'file' | 'directory';
      readonly to?: string;
    }
  | { readonly does: 'name'; readonly node: number; readonly in: number; readonly name: string }
  | { readonly does: 'unname'; readonly node: number; readonly in: number; readonly name: string }
  | {
      readonly does: 'rename';
      readonly node: number;
      readonly in: number;
      readonly name: string;
      readonly from: number;
      readonly old: string;
    }
  | { readonly does: 'write'; readonly node: number; readonly at: number; readonly bytes: Buffer }
  | { readonly does: 'cut'; readonly node: number; readonly size: number }
  /** What was done to the file, or to the names of the directory, is on the disk. */
  | { readonly does: 'sync'; readonly node: number };

/** What becomes of a step that was not synced: a write may also leave its place with zeros, or come in part. */
export type Fate = 'done' | 'lost' | 'zeros' | 'half';

/** What a directory holds. */
export function scan(dir: string): Disk {
  const disk: Disk = new Map();
  const known = new Map<number, number>();
  const add = (path: string): number => {
    const stat = lstatSync(path);
    const seen = known.get(stat.ino);
    if (seen !== undefined) return seen;
    const number = disk.size;
    known.set(stat.ino, number);
    if (stat.isDirectory()) {
      const names = new Map<string, number>();
      disk.set(number, { kind: 'directory', names });
      for (const name of readdirSync(path)) names.set(name, add(`${path}/${name}`));
    } else if (stat.isSymbolicLink()) disk.set(number, { kind: 'link', to: readlinkSync(path) });
    else disk.set(number, { kind: 'file', data: readFileSync(path) });
    return number;
  };
  add(dir);
  return disk;
}

/** The disk after some steps; what is not synced may have another fate. */
export function after(disk: Disk, steps: readonly Step[], fate: (index: number) => Fate = () => 'done'): Disk {
  const now: Disk = new Map();
  for (const [number, node] of disk) {
    now.set(number, node.kind === 'directory' ? { kind: 'directory', names: new Map(node.names) } : { ...node });
  }
  steps.forEach((step, i) => play(now, step, fate(i)));
  return now;
}

/** Changes the disk by one step. */
export function play(disk: Disk, step: Step, fate: Fate): void {
  const node = disk.get(step.node);
  if (step.does === 'make') {
    // The number is there in any case: what is done to it later must not depend on its name.
    if (step.to !== undefined) disk.set(step.node, { kind: 'link', to: step.to });
    else
      disk.set(
        step.node,
        step.is === 'file' ? { kind: 'file', data: Buffer.alloc(0) } : { kind: 'directory', names: new Map() },
      );
  }
  if (fate === 'lost' || step.does === 'sync') return;
  switch (step.does) {
    case 'make':
    case 'name':
      namesIn(disk, step.in).set(step.name, step.node);
      return;
    case 'unname':
      if (namesIn(disk, step.in).get(step.name) === step.node) namesIn(disk, step.in).delete(step.name);
      return;
    case 'rename':
      if (namesIn(disk, step.from).get(step.old) === step.node) namesIn(disk, step.from).delete(step.old);
      namesIn(disk, step.in).set(step.name, step.node);
      return;
    case 'cut':
      if (node?.kind === 'file') node.data = grown(node.data, step.size).subarray(0, step.size);
      return;
    case 'write':
      if (node?.kind === 'file') node.data = written(node.data, step, fate);
  }
}

export function namesIn(disk: Disk, directory: number): Map<string, number> {
  const node = disk.get(directory);
  if (node?.kind !== 'directory') throw new Error(`${directory} is no directory`);
  return node.names;
}

function written(data: Buffer, { at, bytes }: { readonly at: number; readonly bytes: Buffer }, fate: Fate): Buffer {
  const size = fate === 'half' ? bytes.length >> 1 : bytes.length;
  const all = grown(data, at + size);
  // The bytes of a disk that is scanned are shared.
  const own = all === data ? Buffer.from(data) : all;
  if (fate === 'zeros') own.fill(0, at, at + size);
  else bytes.copy(own, at, 0, size);
  return own;
}

function grown(data: Buffer, size: number): Buffer {
  return size <= data.length ? data : Buffer.concat([data, Buffer.alloc(size - data.length)]);
}

/** Makes what a disk holds below `dir`, which is there and empty. */
export function lay(disk: Disk, dir: string): void {
  const made = new Map<number, string>();
  const put = (number: number, path: string): void => {
    const node = disk.get(number);
    const there = made.get(number);
    if (node?.kind === 'file' && there !== undefined) return linkSync(there, path);
    made.set(number, path);
    if (node?.kind === 'file') writeFileSync(path, node.data, { mode: 0o600 });
    else if (node?.kind === 'link') symlinkSync(node.to, path);
    else {
      if (number !== TOP) mkdirSync(path, { mode: 0o700 });
      for (const [name, below] of namesIn(disk, number)) put(below, `${path}/${name}`);
    }
  };
  put(TOP, dir);
}

/** The same for disks that hold the same. */
export function digest(disk: Disk): string {
  const hash = createHash('sha1');
  const tell = (number: number): void => {
    const node = disk.get(number);
    if (node?.kind === 'file') hash.update(`${node.data.length}:`).update(node.data);
    else if (node?.kind === 'link') hash.update(`>${node.to}`);
    else {
      const names = [...namesIn(disk, number)].toSorted(([a], [b]) => (a < b ? -1 : 1));
      for (const [name, below] of names) {
        hash.update(`/${name}=`);
        tell(below);
      }
      hash.update('.');
    }
  };
  tell(TOP);
  return hash.digest('hex');
}
