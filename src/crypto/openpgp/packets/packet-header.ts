/** A packet to be ignored. */
export const MARKER_TAG = 10;

/** A length of a packet's body, or of a part of it. */
export interface PartLength {
  /** `Infinity`: the body goes on to the end of what it is in. */
  readonly bytes: number;
  /** Another length follows these bytes. */
  readonly isPartial: boolean;
}

export interface PacketHeader extends PartLength {
  readonly tag: number;
  readonly headerBytes: number;
}

/**
 * The header at `at`, in the old or the new format. `short`: more bytes are needed; `invalid`: no packet begins with
 * this byte.
 */
export function parseHeader(bytes: Buffer, at: number): PacketHeader | 'short' | 'invalid' {
  const first = bytes[at];
  if (first === undefined) return 'short';
  if ((first & 0x80) === 0) return 'invalid';
  if ((first & 0x40) === 0) return oldHeader(bytes, at, first);
  const length = partLength(bytes, at + 1, bytes.length);
  if (!length) return 'short';
  return { tag: first & 0x3f, bytes: length.bytes, isPartial: length.isPartial, headerBytes: 1 + length.lengthBytes };
}

function oldHeader(bytes: Buffer, at: number, first: number): PacketHeader | 'short' {
  const tag = (first >> 2) & 0x0f;
  if ((first & 3) === 3) return { tag, bytes: Infinity, isPartial: false, headerBytes: 1 };
  const digits = 1 << (first & 3);
  if (at + 1 + digits > bytes.length) return 'short';
  return { tag, bytes: bytes.readUIntBE(at + 1, digits), isPartial: false, headerBytes: 1 + digits };
}

/** A length of the new format at `at`; undefined when it is not complete before `end`. */
export function partLength(
  bytes: Buffer,
  at: number,
  end: number,
): (PartLength & { readonly lengthBytes: number }) | undefined {
  const first = bytes[at];
  if (first === undefined || at >= end) return undefined;
  if (first < 192) return { bytes: first, isPartial: false, lengthBytes: 1 };
  if (first >= 224 && first < 255) return { bytes: 2 ** (first & 0x1f), isPartial: true, lengthBytes: 1 };
  if (first < 224) {
    const second = bytes[at + 1];
    if (second === undefined || at + 2 > end) return undefined;
    return { bytes: ((first - 192) << 8) + second + 192, isPartial: false, lengthBytes: 2 };
  }
  return at + 5 > end ? undefined : { bytes: bytes.readUInt32BE(at + 1), isPartial: false, lengthBytes: 5 };
}
