import { createCipheriv, createHash } from 'node:crypto';
import { Secret } from '../../util/secret.ts';
import type { GpgSettings } from '../gpg/settings.ts';

/** Hand-made OpenPGP messages, for what gpg itself does not write. Source: RFC 4880. */

/** What the messages are read with, where there is no gpg to ask. */
export const WITHOUT_GPG: GpgSettings = {
  binary: '/nonexistent/gpg',
  options: [],
  recipients: [],
  hiddenRecipients: [],
  useAgent: false,
  passphrase: new Secret('golden'),
  compression: true,
};

const SALT = Buffer.from('saltsalt');

export function literalPacket(body: Buffer): Buffer {
  return packet(11, Buffer.concat([Buffer.from('b'), Buffer.alloc(5), body]));
}

/** AES-256 under a passphrase; `inner` are the packets inside. Without `hasCode` it is the old form without MDC. */
export function symmetricMessage(passphrase: string, inner: Buffer, hasCode: boolean): Buffer {
  const key = createHash('sha256').update(SALT).update(passphrase).digest();
  const keyPacket = packet(3, Buffer.concat([Buffer.from([4, 9, 1, 8]), SALT]));
  const prefix = Buffer.from('0123456789abcdefef');
  if (!hasCode) {
    const head = encrypt(key, Buffer.alloc(16), prefix);
    // The old form starts anew from the ciphertext behind the first two bytes.
    return Buffer.concat([keyPacket, packet(9, Buffer.concat([head, encrypt(key, head.subarray(2), inner)]))]);
  }
  const clear = Buffer.concat([prefix, inner, Buffer.from([0xd3, 0x14])]);
  const code = createHash('sha1').update(clear).digest();
  const body = encrypt(key, Buffer.alloc(16), Buffer.concat([clear, code]));
  return Buffer.concat([keyPacket, packet(18, Buffer.concat([Buffer.from([1]), body]))]);
}

function encrypt(key: Buffer, iv: Buffer, clear: Buffer): Buffer {
  return createCipheriv('aes-256-cfb', key, iv).update(clear);
}

function packet(tag: number, body: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head[0] = 0xc0 | tag;
  head[1] = 0xff;
  head.writeUInt32BE(body.length, 2);
  return Buffer.concat([head, body]);
}
