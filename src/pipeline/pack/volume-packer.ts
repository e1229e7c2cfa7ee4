import { PIECE_SIZE } from '../../archive/difftar.ts';
import type { Position } from '../../archive/manifest/manifest.ts';
import type { EncodedFile } from '../../crypto/codec.ts';
import { ROOT } from '../../util/bytepath.ts';
import { after, type Soon } from '../../util/soon.ts';

export interface VolumeRange {
  readonly start: Position;
  readonly end: Position;
}

/** The part of a volume that is written before it may end early. */
const EARLY = 3 / 4;
const LARGE_VOLUME = 16 * 1024 * 1024;

/** A volume being written into a local file. */
export interface OpenVolume {
  readonly path: string;
  readonly file: EncodedFile;
}

export interface PackerOptions {
  /** Bytes of an encoded volume after which the next one begins. */
  readonly limit: number;
  /** Bytes the encoder wants at once. */
  readonly blockBytes?: number | undefined;
  /** Zero bytes that end each volume; 0 for none. */
  readonly trailer: number;
  /** Volumes that are there already; 0 by default. */
  readonly kept?: number;
  open(number: number): Promise<OpenVolume>;
  /** The volume is complete on disk. Answers when the next one may be opened. */
  sealed(number: number, volume: OpenVolume, range: VolumeRange): Promise<void>;
}

/**
 * Packs tar members into volumes. The producer asks for room, then fills `block` from `used` on itself, so that file
 * content is read straight into the buffer the encoder gets.
 */
export class VolumePacker {
  readonly #options: PackerOptions;
  readonly #blockSize: number;
  #volume: OpenVolume | undefined;
  #number: number;
  /** Encoded bytes on disk when last looked at. */
  #reached = 0;
  #start: Position | undefined;
  #end: Position | undefined;
  #endsEarly = false;
  block: Buffer;
  used = 0;

  constructor(options: PackerOptions) {
    this.#options = options;
    this.#number = options.kept ?? 0;
    // Small volumes need small blocks: a volume can overshoot by what the encoder still holds.
    this.#blockSize = options.limit < LARGE_VOLUME ? 2 * PIECE_SIZE : (options.blockBytes ?? 4 * PIECE_SIZE);
    this.block = Buffer.allocUnsafeSlow(this.#blockSize);
  }

  /** Makes room for one member of at most `size` bytes, headers and padding included, in the volume it belongs to. */
  room(size: number): Soon<void> {
    if (this.#volume !== undefined && this.used + size <= this.block.length && !this.#isFull()) return undefined;
    return this.#makeRoom(size);
  }

  /** `length` bytes at `used` are one whole member. */
  commit(length: number, position: Position): void {
    this.used += length;
    this.#start ??= position;
    this.#end = position;
  }

  /** Bytes that the volume which is being written will have at most, if it ends here; 0 when none is begun. */
  get begun(): number {
    return this.#start === undefined ? 0 : this.#reached + this.used;
  }

  /** A good place to end a volume: it does when little is missing. */
  border(): void {
    if (this.begun > this.#options.limit * EARLY) this.#endsEarly = true;
  }

  /** The next volume is there already. The one that is being written ends. Answers the number of the next one. */
  async passOver(): Promise<number> {
    if (this.#volume !== undefined && this.#start === undefined) {
      await this.#volume.file.abort();
      this.#volume = undefined;
      this.#number--;
    }
    await this.#seal();
    this.#number++;
    return this.#number;
  }

  /** Ends the last volume; a set has at least one, empty when nothing changed. Answers the number of volumes. */
  async finish(): Promise<number> {
    if (this.#number === 0) await this.#open();
    await this.#seal();
    return this.#number;
  }

  async abort(): Promise<void> {
    await this.#volume?.file.abort();
    this.#volume = undefined;
  }

  #makeRoom(size: number): Soon<void> {
    if (this.#volume === undefined) return this.#makeRoomInNext(size);
    const wait = this.used + size > this.block.length ? this.#flush(size) : undefined;
    if (wait instanceof Promise || this.#isFull()) return this.#makeRoomInNext(size, wait);
    this.#growBlock(size);
  }

  async #makeRoomInNext(size: number, wait?: Soon<void>): Promise<void> {
    await wait;
    if (this.#isFull()) await this.#seal();
    if (this.#volume === undefined) await this.#open();
    this.#growBlock(size);
  }

  #growBlock(size: number): void {
    if (this.block.length < size) this.block = Buffer.allocUnsafeSlow(size);
  }

  /** What the encoder holds back counts in full: it may turn out incompressible. */
  #isFull(): boolean {
    if (this.#volume === undefined || this.#start === undefined) return false;
    return this.#endsEarly || this.#reached + this.used > this.#options.limit - PIECE_SIZE;
  }

  #flush(next: number): Soon<void> {
    const file = this.#volume?.file;
    if (file === undefined) return;
    if (this.used === 0) {
      this.#reached = file.size();
      return;
    }
    return after(file.write(this.block.subarray(0, this.used)), () => {
      const isFree = file.returnsBlocks === true && this.used >= PIECE_SIZE && next <= this.block.length;
      if (!isFree) this.block = Buffer.allocUnsafeSlow(Math.max(this.#blockSize, next));
      this.used = 0;
      this.#reached = file.size();
    });
  }

  async #open(): Promise<void> {
    this.#number++;
    this.#volume = await this.#options.open(this.#number);
    this.#reached = 0;
  }

  async #seal(): Promise<void> {
    const volume = this.#volume;
    if (volume === undefined) return;
    await this.#flush(0);
    if (this.#options.trailer > 0) {
      const wait = volume.file.write(Buffer.alloc(this.#options.trailer));
      if (wait instanceof Promise) await wait;
    }
    const nothing: Position = { path: ROOT };
    const range = { start: this.#start ?? nothing, end: this.#end ?? nothing };
    this.#start = undefined;
    this.#end = undefined;
    this.#endsEarly = false;
    this.#volume = undefined;
    await this.#options.sealed(this.#number, volume, range);
  }
}
