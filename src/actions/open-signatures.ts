import { join } from 'node:path';
import type { EntryStream } from '../archive/entry.ts';
import { rolledForward } from '../archive/rolled-forward.ts';
import { SigtarStream } from '../archive/sigtar.ts';
import type { SignatureFile } from '../collections/signature-chains.ts';
import type { Session } from './session.ts';

/** The state that signature archives in the archive dir tell, oldest file first. */
export function openSignatures(session: Session, { files }: { readonly files: readonly SignatureFile[] }): EntryStream {
  const { archiveDir, keys, emit, call } = session;
  return rolledForward(
    files.map(({ name }) => {
      const bytes = keys.local(name).open(join(archiveDir.path, name), { name, signal: call.signal });
      return new SigtarStream(bytes, {
        name,
        onWarning: (warning) =>
          emit({ kind: 'warning', text: `The signatures ${warning.file} are damaged: some of them do not count.` }),
      });
    }),
  );
}
