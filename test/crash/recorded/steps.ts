import { after, type Disk, namesIn, play, type Step, TOP } from './disk.ts';
import type { Call } from './strace.ts';

interface Open {
  readonly node: number;
  readonly appends: boolean;
  at: number;
}

interface Place {
  readonly in: number;
  readonly name: string;
}

/** What the calls of one process did to the disk that lies at `dir`. */
export function steppedBy(calls: readonly Call[], disk: Disk, dir: string): readonly Step[] {
  const now = after(disk, []);
  const files = new Map<number, Open>();
  const steps: Step[] = [];
  let next = Math.max(...disk.keys()) + 1;

  function step(...made: readonly Step[]): void {
    for (const one of made) {
      play(now, one, 'done');
      steps.push(one);
    }
  }

  /** undefined for what lies elsewhere. */
  function placeOf(path: Buffer | undefined): Place | undefined {
    const words = String(path).replace(/\/+$/, '');
    if (!words.startsWith(`${dir}/`)) return undefined;
    const names = words.slice(dir.length + 1).split('/');
    let directory = TOP;
    for (const name of names.slice(0, -1)) {
      const below = namesIn(now, directory).get(name);
      if (below === undefined) throw new Error(`${words}: ${name} is not there`);
      directory = below;
    }
    return { in: directory, name: names.at(-1) ?? '' };
  }

  const standingAt = (place: Place): number | undefined => namesIn(now, place.in).get(place.name);

  function open({ words, strings, result }: Call): void {
    const path = String(strings[0]);
    const place = path === dir ? undefined : placeOf(strings[0]);
    if (place === undefined) {
      files.delete(result);
      if (path === dir) files.set(result, { node: TOP, appends: false, at: 0 });
      return;
    }
    let node = standingAt(place);
    if (node === undefined) {
      node = next++;
      step({ does: 'make', node, ...place, is: 'file' });
    } else if (words.includes('O_TRUNC')) step({ does: 'cut', node, size: 0 });
    files.set(result, { node, appends: words.includes('O_APPEND'), at: 0 });
  }

  function write(file: Open | undefined, bytes: Buffer, at?: number): void {
    const node = file === undefined ? undefined : now.get(file.node);
    if (file === undefined || node?.kind !== 'file') return;
    const place = at ?? (file.appends ? node.data.length : file.at);
    step({ does: 'write', node: file.node, at: place, bytes });
    if (at === undefined) file.at = place + bytes.length;
  }

  function copied(to: Open | undefined, from: Open | undefined, length: number): void {
    const source = from === undefined ? undefined : now.get(from.node);
    if (to === undefined || length === 0) return;
    if (from === undefined || source?.kind !== 'file') throw new Error('a copy of a file that lies elsewhere');
    write(to, Buffer.from(source.data.subarray(from.at, from.at + length)));
    from.at += length;
  }

  function rename(from: Place | undefined, to: Place | undefined): void {
    const node = from === undefined ? undefined : standingAt(from);
    if (from === undefined || to === undefined || node === undefined) return;
    // Two names of one file stay what they are.
    if (standingAt(to) !== node) step({ does: 'rename', node, ...to, from: from.in, old: from.name });
  }

  function unname(place: Place | undefined): void {
    const node = place === undefined ? undefined : standingAt(place);
    if (place !== undefined && node !== undefined) step({ does: 'unname', node, ...place });
  }

  for (const call of calls) {
    const { name, words, strings, result } = call;
    const numbers = words.split(', ').map((word) => Number(/-?\d+/.exec(word)?.[0]));
    const file = files.get(numbers[0] ?? -1);
    const whole = (): Buffer => Buffer.concat(strings).subarray(0, result);
    if (/^(open|openat|creat)$/.test(name)) open(call);
    else if (name === 'close') files.delete(numbers[0] ?? -1);
    else if (name === 'write' || name === 'writev') write(file, whole());
    else if (name === 'pwrite64' || name.startsWith('pwritev')) write(file, whole(), numbers.at(-1) ?? 0);
    else if (name === 'sendfile') copied(file, files.get(numbers[1] ?? -1), result);
    else if (name === 'copy_file_range') copied(files.get(numbers[2] ?? -1), file, result);
    else if (name.startsWith('rename')) rename(placeOf(strings[0]), placeOf(strings[1]));
    else if (name.startsWith('unlink') || name === 'rmdir') unname(placeOf(strings[0]));
    else if (name.startsWith('mkdir')) {
      const place = placeOf(strings[0]);
      if (place !== undefined) step({ does: 'make', node: next++, ...place, is: 'directory' });
    } else if (name.startsWith('symlink')) {
      const place = placeOf(strings[1]);
      if (place !== undefined) step({ does: 'make', node: next++, ...place, is: 'file', to: String(strings[0]) });
    } else if (name.startsWith('link')) {
      const [from, to] = [placeOf(strings[0]), placeOf(strings[1])];
      const node = from === undefined ? undefined : standingAt(from);
      if (to !== undefined && node !== undefined) step({ does: 'name', node, ...to });
    } else if (name === 'ftruncate' && file !== undefined)
      step({ does: 'cut', node: file.node, size: numbers[1] ?? 0 });
    else if (name === 'fsync' || name === 'fdatasync') {
      if (file !== undefined) step({ does: 'sync', node: file.node });
    } else if (name === 'truncate' || name === 'fallocate') throw new Error(`${name} is not known here`);
  }
  return steps;
}
