import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const DATA = `${import.meta.dirname}/../test/golden/data`;
/** More of a file is of no use as a seed. */
const MOST = 24 * 1024;

/** Files of the golden archives whose names fit, unpacked, their beginnings; not more than `count`. */
export function golden(folder: string, name: RegExp, count = 6): readonly Buffer[] {
  return goldenFiles(folder, name)
    .slice(0, count)
    .map((path) => {
      const bytes = readFileSync(path);
      return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).subarray(0, MOST);
    });
}

export function goldenFiles(folder: string, name: RegExp): readonly string[] {
  return readdirSync(`${DATA}/${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => name.test(file))
    .sort()
    .map((file) => `${DATA}/${folder}/${file}`);
}
