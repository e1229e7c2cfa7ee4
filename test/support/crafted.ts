import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { FileType } from '../../src/archive/entry.ts';
import { encodeHeader, NO_METADATA, padding, trailer } from '../../src/archive/tar/tar-writer.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { formatStamp } from '../../src/util/time.ts';
import { timeOfSet } from './times.ts';

/** A tar member with whatever name, however hostile. */
export interface Crafted {
  readonly name: string;
  readonly type?: FileType;
  readonly body?: Buffer | string;
  readonly link?: string;
  /** Changes the header's 512 bytes; its checksum is put right afterwards. */
  readonly spoil?: (header: Buffer) => void;
}

export function tarOf(members: readonly Crafted[]): Buffer {
  return Buffer.concat(members.map(memberBytes));
}

function memberBytes({ name, type = 'reg', body = '', link = '', spoil }: Crafted): Buffer {
  const bytes = Buffer.from(body);
  const meta = { ...NO_METADATA, type, mode: type === 'dir' ? 0o755 : 0o644, mtime: 1, link: bytePath(link) };
  const header = encodeHeader({ name, meta, size: bytes.length });
  if (spoil !== undefined) {
    spoil(header);
    sign(header);
  }
  return Buffer.concat([header, bytes, padding(bytes.length)]);
}

/** Puts the checksum of a header of 512 bytes right. */
function sign(header: Buffer): void {
  header.fill(' ', 148, 156);
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += header[i] ?? 0;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** Stores a set of one plain volume: set 0 is full, others are increments on the one before. Without signatures. */
export function storeSet(remote: string, k: number, volume: Buffer, manifestTail = ''): void {
  mkdirSync(remote, { recursive: true });
  const name = setName(k);
  writeFileSync(`${remote}/${name}.vol1.difftar`, volume);
  const sha1 = createHash('sha1').update(volume).digest('hex');
  writeFileSync(
    `${remote}/${name}.manifest`,
    `Volume 1:\n    StartingPath   .  \n    EndingPath     zzz  \n    Hash SHA1 ${sha1}\n${manifestTail}`,
  );
}

function setName(k: number): string {
  const stamp = formatStamp(timeOfSet(k));
  return k === 0 ? `duplicity-full.${stamp}` : `duplicity-inc.${formatStamp(timeOfSet(k - 1))}.to.${stamp}`;
}

/** Stores the signatures of set 0: what a list shows and an increment is compared with. */
export function storeSignatures(remote: string, members: readonly Crafted[]): void {
  const tar = tarOf(members);
  const name = setName(0).replace('full', 'full-signatures');
  writeFileSync(`${remote}/${name}.sigtar`, Buffer.concat([tar, trailer(tar.length)]));
}
