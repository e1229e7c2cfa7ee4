import * as z from '../libraries/zod.ts';
import { parseInterval } from '../../cli/time/time-strings.ts';

/** `at-latest` as `atLatest`. */
type Camel<Text> = Text extends `${infer First}-${infer Rest}` ? `${First}${Capitalize<Camel<Rest>>}` : Text;

type CamelKeys<Values> = { readonly [Key in keyof Values as Camel<Key>]: Values[Key] };

/** A table of known keys. In the file they have dashes, in the program capitals. */
export function table<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.pipe(
    z.strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'needs a table' : undefined) }),
    z.transform((values) => camelKeys(values) as CamelKeys<z.output<z.ZodMiniObject<Shape, z.core.$strict>>>),
  );
}

function camelKeys(values: object): object {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key.replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase()),
      value as unknown,
    ]),
  );
}

/** Says what a key means: in the reference, and to an editor. */
export function described<Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema {
  z.globalRegistry.add(schema, { description });
  return schema;
}

/** The same for a key that may be left out. */
export function may<Schema extends z.ZodMiniType>(schema: Schema, description: string) {
  return described(z.optional(schema), description);
}

export function text(error = 'needs a text in quotes') {
  return z.string({ error }).check(z.minLength(1, { error: 'must not be empty' }));
}

export const flag = z.boolean({ error: 'needs true or false' });

export function count(least: number) {
  const error = `needs a whole number of at least ${least}`;
  return z.int({ error }).check(z.minimum(least, { error }));
}

function matching(pattern: RegExp, error: string) {
  return z.string({ error }).check(z.regex(pattern, { error }));
}

/** A length of time, in seconds. */
export const interval = z.pipe(
  matching(/^(?:\d+[smhDWMY])+$/, 'needs an interval such as "12h", "1D" or "2W" (s, m, h, D, W, M, Y)'),
  z.transform((word) => parseInterval(word) ?? 0),
);

/** A part of the whole, from 0 to 1. */
export const share = z.pipe(
  matching(/^(?:100|\d{1,2})(?:\.\d+)?%$/, 'needs a share such as "50%"'),
  z.transform((word) => Number.parseFloat(word) / 100),
);

export const size = matching(/^\d+(?:\.\d+)?[KMGT]?$/, 'needs a size such as "500M" or "2G"');

export const timeOfDay = z.pipe(
  matching(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'needs a time of day such as "03:10"'),
  z.transform((word) => ({ hour: Number(word.slice(0, 2)), minute: Number(word.slice(3)) })),
);

export function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return z.enum(words, { error: `must be one of ${words.map((word) => `"${word}"`).join(', ')}` });
}

export function list<Schema extends z.ZodMiniType>(schema: Schema, of: string) {
  return z.array(schema, { error: `needs a list of ${of}: ["...", "..."]` });
}

/** One, or a list of them; always a list for the program. */
export function oneOrMore<Schema extends z.ZodMiniType<string, string>>(schema: Schema, of: string) {
  return z.pipe(
    z.union([schema, z.array(schema)], { error: `needs ${of}, or a list of them` }),
    z.transform((given): readonly string[] => (typeof given === 'string' ? [given] : given)),
  );
}

/** A program and its words, which no shell looks at. */
export const argv = list(z.string({ error: 'needs a text in quotes' }), 'words, the program first').check(
  z.minLength(1, { error: 'needs a program to run' }),
);

/** A path, or bytes that are no UTF-8. As text in which such a byte is a lone surrogate. */
export const path = z.union(
  [
    text(),
    z.strictObject({
      base64: described(
        matching(/^[A-Za-z0-9+/]+={0,2}$/, 'needs the bytes of a path in base64'),
        'The bytes of a path that is no UTF-8, in base64.',
      ),
    }),
  ],
  { error: 'needs a path in quotes, or { base64 = "..." } where it is no UTF-8' },
);

export type PathValue = z.output<typeof path>;
