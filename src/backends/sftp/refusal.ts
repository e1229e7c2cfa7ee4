import { SFTP_STATUS, SaidError } from '../ssh/failure.ts';
import type { Verdict } from '../transfer/hidden-name.ts';

/** What programs of a server, and shells that know few of them, say where they may not. */
const NO = /permi(tt|ss)|not allowed|restricted|not found|read-only|invalid argument|name too long/i;

/** Whether the server has refused a name, a rename or a deletion; as all of sftp does it for want of a better word, 4 too. */
export function verdict(error: unknown): Verdict {
  if (error instanceof SaidError) return NO.test(error.message) ? 'certain' : undefined;
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return undefined;
  const { noSuchFile, permissionDenied, unsupported, eof } = SFTP_STATUS;
  if (error.code === noSuchFile || error.code === permissionDenied || error.code === unsupported) return 'certain';
  return error.code > eof ? 'likely' : undefined;
}
