import type { Emit } from '../events/events.ts';
import type { Spool } from '../pipeline/spool.ts';
import type { Accounts } from '../source/accounts.ts';
import type { RdiffSettings } from './command-line.ts';

/** What an action works with. */
export interface Context {
  readonly settings: RdiffSettings;
  readonly spool: Spool;
  readonly accounts: Accounts;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}
