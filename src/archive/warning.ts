import type { IntegrityError } from '../errors/errors.ts';
import type { BytePath } from '../util/bytepath.ts';

/** Something in an archive was passed over. Data may be missing: whoever gets this must not report plain success. */
export type ArchiveWarning =
  /** A member of `file` does not follow `previous` in index order, hence cannot be merged; it is left out. */
  | { readonly kind: 'unordered'; readonly file: string; readonly path: BytePath; readonly previous: BytePath }
  /** A signature archive that is no tar at all counts as empty. */
  | { readonly kind: 'unreadable'; readonly file: string; readonly error: IntegrityError };

export type OnArchiveWarning = (warning: ArchiveWarning) => void;
