import { bytePath, toScreen } from '../../util/bytepath.ts';
import { parsePax } from './pax.ts';
import type { RawHeader } from './tar-parse.ts';

const GNU_NAME = 0x4c;
const GNU_LINK = 0x4b;
const PAX = 0x78;
const PAX_SOLARIS = 0x58;
const PAX_GLOBAL = 0x67;

/** Whether members of this type are about the members behind them. */
export function isExtension(flag: number): boolean {
  return flag === PAX || flag === GNU_NAME || flag === GNU_LINK || flag === PAX_GLOBAL || flag === PAX_SOLARIS;
}

/** What extended headers of PAX and GNU say about the next member, and global ones about all that follow. */
export class ExtendedHeaders {
  readonly #label: string;
  #open: { readonly flag: number; readonly name: string; readonly body: Buffer; length: number } | undefined;
  #records: Map<string, string> | undefined;
  #globals: Map<string, string> | undefined;

  /** `label` is what messages call the archive. */
  constructor(label: string) {
    this.#label = label;
  }

  /** The body of one has begun and is not complete. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** The member that they are about has not come yet. */
  get isPending(): boolean {
    return this.#records !== undefined;
  }

  get saysSomething(): boolean {
    return this.#records !== undefined || this.#globals !== undefined;
  }

  begin({ name, size }: RawHeader, flag: number): void {
    this.#open = { flag, name, body: Buffer.allocUnsafe(size), length: 0 };
  }

  /** Takes what `block` holds of the open body from `at` on; answers how many bytes. */
  take(block: Buffer, at: number): number {
    const open = this.#open;
    if (open === undefined) return 0;
    const { flag, name, body } = open;
    const taken = block.copy(body, open.length, at);
    open.length += taken;
    if (open.length < body.length) return taken;
    this.#open = undefined;
    const label = `${this.#label}: the extended header ${toScreen(name)}`;
    if (flag === PAX_GLOBAL) {
      parsePax(body, (this.#globals ??= new Map<string, string>()), label);
      return taken;
    }
    const records = (this.#records ??= new Map<string, string>());
    if (flag === GNU_NAME) records.set('path', untilNul(body));
    else if (flag === GNU_LINK) records.set('linkpath', untilNul(body));
    else parsePax(body, records, label);
    return taken;
  }

  /**
   * The header of the next member with them applied. An empty value means the ustar field. `fail` makes the error for
   * what is no number.
   */
  applied(header: RawHeader, fail: (what: string) => Error): RawHeader {
    const records = this.#records;
    this.#records = undefined;
    const { meta } = header;
    const value = (key: string): string | undefined => (records?.get(key) ?? this.#globals?.get(key)) || undefined;
    const number = (key: string, plain: number): number => {
      const text = value(key);
      if (text === undefined) return plain;
      const parsed = /^-?\d+(?:\.\d*)?$/.test(text) ? Math.trunc(Number(text)) : Number.NaN;
      if (!Number.isSafeInteger(parsed)) throw fail(`says "${toScreen(text)}" for a number`);
      return parsed + 0;
    };
    return {
      name: value('path') ?? header.name,
      size: number('size', header.size),
      meta: {
        ...meta,
        uid: number('uid', meta.uid),
        gid: number('gid', meta.gid),
        uname: value('uname') ?? meta.uname,
        gname: value('gname') ?? meta.gname,
        mtime: number('mtime', meta.mtime),
        link: bytePath(value('linkpath') ?? meta.link),
      },
    };
  }
}

function untilNul(body: Buffer): string {
  const end = body.indexOf(0);
  return body.toString('latin1', 0, end < 0 ? body.length : end);
}
