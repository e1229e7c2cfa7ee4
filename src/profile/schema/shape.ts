import type { $ZodType } from 'zod/v4/core';
import type { Path } from '../file/tree.ts';

/** What there is to see of a schema. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, $ZodType>>;
  readonly valueType?: $ZodType;
  readonly element?: $ZodType;
  readonly innerType?: $ZodType;
  readonly options?: readonly $ZodType[];
  readonly in?: $ZodType;
}

function definitionOf(schema: $ZodType): Definition {
  const definition: Definition = schema._zod.def;
  return definition;
}

/** A schema without what is wrapped around it: that it may be absent, or is turned into something else. */
function bare(schema: $ZodType): $ZodType {
  const { innerType, in: input } = definitionOf(schema);
  const inner = innerType ?? input;
  return inner === undefined ? schema : bare(inner);
}

/** The keys that a table at this path may have, none where they are free. */
export function keysAt(schema: $ZodType, path: Path): readonly string[] {
  const definition = definitionOf(bare(schema));
  const [step, ...rest] = path;
  if (step === undefined) {
    const shapes = [definition, ...(definition.options ?? []).map((option) => definitionOf(bare(option)))];
    return shapes.flatMap(({ shape = {} }) => Object.keys(shape));
  }
  const next = definition.shape?.[String(step)] ?? definition.valueType ?? definition.element;
  if (next !== undefined) return keysAt(next, rest);
  return (definition.options ?? []).flatMap((option) => keysAt(option, path));
}
