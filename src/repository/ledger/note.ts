import { createHash } from 'node:crypto';
import { type FileName, parseName } from '../../archive/names/names.ts';
import type { Backend, Body, Call } from '../../backends/backend.ts';
import { setKey } from '../../collections/listing.ts';
import type { Remote } from '../../pipeline/remote.ts';
import { publishLedger } from './share.ts';
import type { Ledger } from './state.ts';

/**
 * The back end whose ledger hears of every manifest and signature archive that is stored, and of every manifest that goes,
 * whoever does it. That one is going to be deleted is on the disk before: a run that dies in between leaves no set behind
 * that seems to have vanished.
 */
export function withNotes(backend: Backend, ledger: Ledger): Backend {
  return {
    ...backend,
    async put(name, body, call) {
      const file = metadataOf(name, ledger);
      if (file === undefined) return backend.put(name, body, call);
      const sha1 = await hashOf(body);
      await backend.put(name, body, call);
      const { now: at, place = ledger.history.lastPlace } = ledger;
      const mark = place !== undefined && place !== '' && { place };
      ledger.append([{ what: 'stored', at, set: setKey(file), file: name, size: body.size, sha1, ...mark }]);
      if (file.kind === 'manifest') await publishLedger(backend, ledger, call);
    },
    async delete(name, call) {
      const file = metadataOf(name, ledger);
      const isKnown = file?.kind === 'manifest' && isCounted(ledger, file);
      if (!isKnown) return backend.delete(name, call);
      await announceRemoval({ backend, ledger, call }, [setKey(file)]);
      await backend.delete(name, call);
      ledger.append([{ what: 'removed', at: ledger.now, set: setKey(file) }]);
    },
  };
}

/** Notes that sets will go, before any of them does. */
export async function announceRemoval(
  { backend, ledger, call }: { readonly backend: Backend; readonly ledger: Ledger; readonly call: Call },
  sets: readonly string[],
): Promise<void> {
  const known = [...new Set(sets)].filter((key) => ledger.history.find(key)?.state === 'alive');
  if (known.length === 0) return;
  ledger.append(
    known.map((set) => ({ what: 'removing', at: ledger.now, set })),
    true,
  );
  await publishLedger(backend, ledger, call);
}

/** The remote that keeps the hashes of the metadata it fetches, where something is known to hold them against. */
export function withHashes(remote: Remote, ledger: Ledger): Remote {
  return {
    ...remote,
    async fetch(name, signal, algorithm) {
      const file = metadataOf(name, ledger);
      if (file === undefined || ledger.history.find(file)?.files.get(name)?.sha1 === undefined) {
        return remote.fetch(name, signal, algorithm);
      }
      const fetched = await remote.fetch(name, signal, algorithm ?? 'SHA1');
      ledger.fetched.set(name, fetched.hash('SHA1'));
      return fetched;
    },
  };
}

function isCounted({ history }: Ledger, file: FileName): boolean {
  const state = history.find(file)?.state;
  return state === 'alive' || state === 'removing';
}

function metadataOf(name: string, { prefixes }: Ledger): FileName | undefined {
  const file = parseName(name, { prefixes });
  return (file?.kind === 'manifest' || file?.kind === 'signatures') && !file.partial ? file : undefined;
}

async function hashOf(body: Body): Promise<string> {
  const hash = createHash('sha1');
  for await (const block of body.look?.() ?? body.open()) hash.update(block);
  return hash.digest('hex');
}
