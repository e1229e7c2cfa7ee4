import { readFileSync } from 'node:fs';
import { Ajv, type AnySchemaObject } from 'ajv';
import { expect } from 'vitest';
import type { ErrorLine, EventLine, JsonLine, LastLine, ResultLine, Results } from '../../src/ui/json/lines.ts';
import { root } from './paths.ts';
import type { RunOptions, RunResult } from './processes.ts';
import { runDuplicity } from './run.ts';

/** What a run with `--json` said: lines that keep the schema, the last of them apart. */
export interface JsonRun extends RunResult {
  readonly events: readonly EventLine[];
  readonly last: LastLine;
}

export type EventOf<Type extends EventLine['type']> = Extract<EventLine, { readonly type: Type }>;

const isLine = new Ajv({ formats: { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/ } }).compile<JsonLine>(
  closed(JSON.parse(readFileSync(`${root}/docs/schema/json-lines.json`, 'utf8')) as AnySchemaObject),
);

/** Runs the program with `--json`, and fails unless standard output is lines of the schema that end in the one last line. */
export async function json(args: readonly string[], options: RunOptions = {}): Promise<JsonRun> {
  return jsonOf(await runDuplicity(['--json', ...args], options));
}

export function jsonOf(run: RunResult): JsonRun {
  const lines = linesOf(run.stdout);
  const last = lines.at(-1);
  const events = lines.slice(0, -1).flatMap((line) => (isLast(line) ? [] : [line]));
  if (last === undefined || !isLast(last)) throw new Error(`no last line:\n${run.stdout}${run.stderr}`);
  expect(events.length).toBe(lines.length - 1);
  expect(last.exitStatus).toBe(run.status);
  return { ...run, events, last };
}

/** The lines of one type. */
export function ofType<Type extends EventLine['type']>({ events }: JsonRun, type: Type): EventOf<Type>[] {
  return events.filter((line): line is EventOf<Type> => line.type === type);
}

type ResultOf<Action extends keyof Results> = Extract<ResultLine, { readonly action: Action }>;

/** The last line of a run that has done its work. */
export function resultOf<Action extends keyof Results>({ last, stderr }: JsonRun, action: Action): ResultOf<Action> {
  expect(stderr).toBe('');
  expect(last).toMatchObject({ type: 'result', action });
  return last as ResultOf<Action>;
}

/** The last line of a run that has failed. */
export function errorOf({ last }: JsonRun): ErrorLine {
  if (last.type !== 'error') throw new Error(`no failure: ${JSON.stringify(last)}`);
  return last;
}

function isLast(line: JsonLine): line is LastLine {
  return line.type === 'result' || line.type === 'error';
}

function linesOf(stdout: string): JsonLine[] {
  const texts = stdout.split('\n');
  expect(texts.pop()).toBe('');
  return texts.map((text): JsonLine => {
    const line: unknown = JSON.parse(text);
    if (isLine(line)) return line as JsonLine;
    throw new Error(`not in the schema: ${text}\n${JSON.stringify(isLine.errors?.slice(-3))}`);
  });
}

/** The schema lets lines grow; what the program says today stands in it to the last field. */
function closed(schema: AnySchemaObject): AnySchemaObject {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) =>
    isObjectSchema(value) ? { ...value, additionalProperties: false } : value,
  ) as AnySchemaObject;
}

function isObjectSchema(value: unknown): value is AnySchemaObject {
  return typeof value === 'object' && value !== null && 'type' in value && value.type === 'object';
}
