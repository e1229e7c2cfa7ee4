import type { EntryStream } from '../../archive/entry.ts';
import { LocalError } from '../../errors/errors.ts';
import type { SourceFile } from '../../source/open-file.ts';
import type { SourceEntry } from '../../source/source-entry.ts';
import { SourceContent } from '../pack/source-content.ts';
import { hasSignature, readSignature } from './stored-signature.ts';

interface DoubtOptions {
  /** Its current body is the previous signature. */
  readonly state: EntryStream | undefined;
  readonly open: (entry: SourceEntry) => SourceFile;
  readonly maxBlockSize: number;
  readonly pause: () => Promise<void>;
}

/** What a look at a file in doubt has shown, with its previous signature. */
type Finding =
  | { readonly kind: 'unchanged' | 'diff'; readonly signature: Buffer }
  | { readonly kind: 'unreadable'; readonly error: LocalError };

/** Reads a file whose metadata do not tell whether it has changed, up to the first difference. */
export async function settleDoubt(source: SourceEntry, options: DoubtOptions): Promise<Finding> {
  const { state, open, maxBlockSize, pause } = options;
  const signature = await readSignature(() => state?.read());
  let file: SourceFile;
  try {
    file = open(source);
  } catch (error) {
    if (!(error instanceof LocalError)) throw error;
    return { kind: 'unreadable', error };
  }
  const content = new SourceContent(file, source.meta.size, maxBlockSize);
  try {
    const isUnchanged = await hasSignature(content, signature, pause);
    if (content.failure !== undefined) return { kind: 'unreadable', error: content.failure };
    return { kind: isUnchanged ? 'unchanged' : 'diff', signature };
  } finally {
    content.close();
  }
}
