import { join } from 'node:path';
import type { EntryStream } from '../archive/entry.ts';
import { rolledForward } from '../archive/rolled-forward.ts';
import { SigtarStream } from '../archive/sigtar.ts';
import type { SignatureChain } from '../collections/signature-chains.ts';
import { decoderLimit } from '../pipeline/decoder-limit.ts';
import { fetchDecoded } from './fetch-decoded.ts';
import type { Session } from './session.ts';

/** Of so many it does not matter how much is open at once. */
const FEW_FILES = 8;

/** The state that signature archives tell, oldest file first. A dry run, which copies nothing, reads remote ones. */
export function openSignatures(session: Session, chain: Pick<SignatureChain, 'place' | 'files'>): EntryStream {
  const { archiveDir, keys, spool, emit, call } = session;
  const bounded = decoderLimit(spool);
  return rolledForward(
    chain.files.map(({ name }) => {
      const options = { signal: call.signal, reuses: true };
      const bytes =
        chain.place === 'remote'
          ? fetchDecoded(session, name, options)
          : keys.local(name).open(join(archiveDir.path, name), { name, ...options });
      return new SigtarStream(chain.files.length > FEW_FILES ? bounded(bytes) : bytes, {
        name,
        onWarning: (warning) =>
          emit({ kind: 'warning', text: `The signatures ${warning.file} are damaged: some of them do not count.` }),
      });
    }),
  );
}
