import { join } from 'node:path';
import type { EntryStream } from '../../archive/entry.ts';
import { rolledForward } from '../../archive/rolled-forward.ts';
import { SigtarStream } from '../../archive/sigtar.ts';
import type { SetSignatures } from '../../collections/lookup.ts';
import type { SignatureChain } from '../../collections/signature-chains.ts';
import { IntegrityError } from '../../errors/errors.ts';
import { type Bounded, decoderLimit } from '../../pipeline/unpack/decoder-limit.ts';
import { fetchDecoded } from './fetch-decoded.ts';
import { mendingStream } from './mending-stream.ts';
import { renewCopy } from './renew-copy.ts';
import type { Repository } from '../repository.ts';

/** Of so many it does not matter how much is open at once. */
const FEW_FILES = 8;

interface SignatureOptions {
  readonly bounded?: Bounded;
  /** What is damaged ends the run, and does not count as missing. */
  readonly isStrict?: boolean;
}

/** The state that signature archives tell, oldest file first. */
export function openSignatures(repository: Repository, chain: Pick<SignatureChain, 'place' | 'files'>): EntryStream {
  const limited = decoderLimit(repository.spool);
  const bounded: Bounded = chain.files.length > FEW_FILES ? limited : (bytes) => bytes;
  const { place, files } = chain;
  return rolledForward(files.map((file) => openSetSignatures(repository, { place, file }, { bounded })));
}

/**
 * What one set stored and deleted. A damaged copy in the archive dir is fetched again. A dry run, which copies nothing,
 * reads remote ones.
 */
export function openSetSignatures(
  repository: Repository,
  { place, file: { name, end } }: SetSignatures,
  { bounded = (bytes) => bytes, isStrict = false }: SignatureOptions = {},
): EntryStream {
  const { archiveDir, keys, emit, call } = repository;
  const options = { signal: call.signal, reuses: true };

  function sigtar(bytes: AsyncIterable<Buffer>, mayRenew: boolean): EntryStream {
    return new SigtarStream(bounded(bytes), {
      name,
      setTime: end,
      onWarning: (warning) => {
        if ((mayRenew || isStrict) && warning.kind === 'unreadable') throw warning.error;
        if (isStrict) throw new IntegrityError('DAMAGED', `The signatures ${warning.file} do not stand in order.`);
        emit({ kind: 'warning', text: `The signatures ${warning.file} are damaged: some of them do not count.` });
      },
    });
  }

  if (place === 'remote') return sigtar(fetchDecoded(repository, name, options), false);
  return mendingStream({
    open: (mayRenew) => sigtar(keys.local(name).open(join(archiveDir.path, name), { name, ...options }), mayRenew),
    renew: (error) => renewCopy(repository, name, error),
  });
}
