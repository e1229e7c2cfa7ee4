import { createCipheriv } from 'node:crypto';
import type { Secret } from '../../../util/secret.ts';
import type { KeyDeriver } from '../keys/key-deriver.ts';
import type { S2k } from '../keys/s2k.ts';
import { countByte } from '../packets/key-packets.ts';
import { CIPHERS, packet, TAG } from '../packets/packet.ts';
import type { SessionKey } from '../packets/sealed-packet.ts';

const VERSION = 4;
const AES256 = 9;

/** The packet with which a passphrase opens what is encrypted with this session key. Source: RFC 4880, 5.3. */
export async function passphrasePacket(
  { cipher, key }: SessionKey,
  s2k: S2k,
  passphrase: Secret | undefined,
  derive: KeyDeriver,
): Promise<Buffer | undefined> {
  if (passphrase === undefined) return undefined;
  const outer = await derive(s2k, passphrase, CIPHERS[AES256].keyBytes);
  const wrapped = createCipheriv(CIPHERS[AES256].name, outer, Buffer.alloc(16)).update(
    Buffer.concat([Buffer.from([cipher]), key]),
  );
  const head = Buffer.from([VERSION, AES256, s2k.mode, s2k.hash]);
  return packet(TAG.passphraseSession, Buffer.concat([head, s2k.salt, Buffer.from([countByte(s2k.count)]), wrapped]));
}
