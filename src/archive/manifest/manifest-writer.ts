import type { BytePath } from '../../util/bytepath.ts';
import type { FileChange, Position, VolumeRecord } from './manifest.ts';
import { quote } from './quoting.ts';

// Every function gives text of one character per byte; write it as latin1. Grammar: docs/format/manifest.md.

/** `hostname` is not quoted, hence must not hold a line feed. What is not known has no line. */
export function formatManifestHead(hostname: string | undefined, localDir: BytePath | undefined): string {
  const host = hostname === undefined ? '' : `Hostname ${hostname}\n`;
  return localDir === undefined ? host : `${host}Localdir ${quote(localDir)}\n`;
}

export function formatVolumeRecord(volume: VolumeRecord): string {
  let text = `Volume ${volume.number}:\n    StartingPath   ${place(volume.start)}\n    EndingPath     ${place(volume.end)}\n`;
  for (const [name, value] of volume.hashes) text += `    Hash ${name} ${value}\n`;
  return text;
}

/** Stands after the volumes and before `count` lines. */
export function formatFilelistHead(count: number): string {
  return `Filelist ${count}\n`;
}

export function formatFilelistLine(change: FileChange, path: BytePath): string {
  return `    ${change.padEnd(7)}  ${written(path)}\n`;
}

/** Without a block the line ends in two spaces, as the reference writes it. */
function place({ path, block }: Position): string {
  return `${written(path)} ${block ?? ' '}`;
}

function written(path: BytePath): string {
  return path === '' ? '.' : quote(path);
}
