import type { Soon } from '../../util/soon.ts';

/** A piece of a raw deflate stream. Belongs to the job that is made of it. */
export interface Piece {
  readonly bytes: Buffer;
  /** What stands before it in the stream; the last 32 KiB of that serve as dictionary. */
  readonly before: Buffer | undefined;
  /** Ends the stream; every other piece ends on a byte boundary after a sync flush. */
  readonly isLast: boolean;
}

/** A piece on its way to be deflated, here or on another thread. */
export interface PieceJob {
  /** Gives the output, in one part or several, to `use`, which is done with each when it returns. To be called once. */
  take(use: (output: Buffer) => void): Soon<void>;
  /** Gives the output up, and answers when nothing of the piece is needed any more. Never throws. */
  settled(): Promise<void>;
}
