import { DifftarStream, type OpenVolume as VolumeToRead } from '../../archive/difftar.ts';
import type { EncodedFile } from '../../crypto/codec.ts';
import { VolumePacker, type VolumeRange } from '../pack/volume-packer.ts';

export interface SealedVolume {
  readonly number: number;
  readonly bytes: Buffer;
  readonly range: VolumeRange;
}

export interface MemoryVolumes {
  readonly packer: VolumePacker;
  /** Complete volumes in the order in which they were completed. */
  readonly sealed: SealedVolume[];
  /** Numbers of the volumes that were opened, and of those that were given up. */
  readonly opened: number[];
  readonly aborted: number[];
}

/** A packer whose volumes stay in memory. The encoder holds back `lag` bytes, as zlib and gpg do. */
export function memoryVolumes(limit: number, { trailer = 0, lag = 0 } = {}): MemoryVolumes {
  const sealed: SealedVolume[] = [];
  const opened: number[] = [];
  const aborted: number[] = [];
  const contents = new Map<string, Buffer[]>();
  const packer = new VolumePacker({
    limit,
    trailer,
    open: async (number) => {
      opened.push(number);
      const blocks: Buffer[] = [];
      contents.set(String(number), blocks);
      let length = 0;
      const file: EncodedFile = {
        write(block) {
          blocks.push(block);
          length += block.length;
        },
        size: () => Math.max(0, length - lag),
        finish: async () => length,
        abort: async () => void aborted.push(number),
      };
      return { path: String(number), file };
    },
    sealed: async (number, { path, file }, range) => {
      await file.finish();
      sealed.push({ number, bytes: Buffer.concat(contents.get(path) ?? []), range });
    },
  });
  return { packer, sealed, opened, aborted };
}

/** The entries of volumes in memory. Anything to warn of is an error. */
export function readVolumes(volumes: readonly SealedVolume[]): DifftarStream {
  async function* open(): AsyncGenerator<VolumeToRead> {
    for (const { number, bytes } of volumes) {
      yield {
        name: `vol${number}`,
        bytes: (async function* () {
          yield bytes;
        })(),
      };
    }
  }
  return new DifftarStream(open(), {
    onWarning: (warning) => {
      throw new Error(JSON.stringify(warning));
    },
  });
}
