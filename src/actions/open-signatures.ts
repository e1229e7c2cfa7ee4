import { join } from 'node:path';
import type { EntryStream } from '../archive/entry.ts';
import { rolledForward } from '../archive/rolled-forward.ts';
import { SigtarStream } from '../archive/sigtar.ts';
import type { SignatureChain } from '../collections/signature-chains.ts';
import { fetchDecoded } from './fetch-decoded.ts';
import type { Session } from './session.ts';

/** The state that signature archives tell, oldest file first. A dry run, which copies nothing, reads remote ones. */
export function openSignatures(session: Session, chain: Pick<SignatureChain, 'place' | 'files'>): EntryStream {
  const { archiveDir, keys, emit, call } = session;
  return rolledForward(
    chain.files.map(({ name }) => {
      const bytes =
        chain.place === 'remote'
          ? fetchDecoded(session, name, call.signal)
          : keys.local(name).open(join(archiveDir.path, name), { name, signal: call.signal });
      return new SigtarStream(bytes, {
        name,
        onWarning: (warning) =>
          emit({ kind: 'warning', text: `The signatures ${warning.file} are damaged: some of them do not count.` }),
      });
    }),
  );
}
