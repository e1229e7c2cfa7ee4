import { type DeltaSink, DeltaParser } from './delta-parser.ts';
import type { DeltaIndex } from './delta-index.ts';

/**
 * Reads a delta on top of another: what `earlier` makes of a basis is the basis of this one. `sink` gets the commands of
 * one delta that does both, without the basis: each copy is cut along the parts of the earlier output.
 */
export function composer(earlier: DeltaIndex, sink: DeltaSink): DeltaParser {
  const parser = new DeltaParser({
    literal: (source, from, to) => sink.literal(source, from, to),
    copy(position, length) {
      if (length > earlier.size - position) throw parser.damaged('a copy reaches beyond the basis');
      earlier.cut(position, length, sink);
    },
  });
  return parser;
}
