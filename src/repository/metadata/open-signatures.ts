import { join } from 'node:path';
import type { EntryStream } from '../../archive/entry.ts';
import { rolledForward } from '../../archive/rolled-forward.ts';
import { SigtarStream } from '../../archive/sigtar.ts';
import type { SignatureChain, SignatureFile } from '../../collections/signature-chains.ts';
import { type Bounded, decoderLimit } from '../../pipeline/unpack/decoder-limit.ts';
import { fetchDecoded } from './fetch-decoded.ts';
import { mendingStream } from './mending-stream.ts';
import { renewCopy } from './renew-copy.ts';
import type { Repository } from '../repository.ts';

/** Of so many it does not matter how much is open at once. */
const FEW_FILES = 8;

/**
 * The state that signature archives tell, oldest file first. A damaged copy in the archive dir is fetched again. A dry run,
 * which copies nothing, reads remote ones.
 */
export function openSignatures(repository: Repository, chain: Pick<SignatureChain, 'place' | 'files'>): EntryStream {
  const { archiveDir, keys, spool, emit, call } = repository;
  const limited = decoderLimit(spool);
  const bounded: Bounded = chain.files.length > FEW_FILES ? limited : (bytes) => bytes;
  const options = { signal: call.signal, reuses: true };

  function sigtar({ name, end }: SignatureFile, bytes: AsyncIterable<Buffer>, mayRenew: boolean): EntryStream {
    return new SigtarStream(bounded(bytes), {
      name,
      setTime: end,
      onWarning: (warning) => {
        if (mayRenew && warning.kind === 'unreadable') throw warning.error;
        emit({ kind: 'warning', text: `The signatures ${warning.file} are damaged: some of them do not count.` });
      },
    });
  }

  return rolledForward(
    chain.files.map((file) => {
      const { name } = file;
      if (chain.place === 'remote') return sigtar(file, fetchDecoded(repository, name, options), false);
      return mendingStream({
        open: (mayRenew) =>
          sigtar(file, keys.local(name).open(join(archiveDir.path, name), { name, ...options }), mayRenew),
        renew: (error) => renewCopy(repository, name, error),
      });
    }),
  );
}
