import { CODES, type Code } from '../../errors/codes.ts';
import { UsageError } from '../../errors/errors.ts';

const OPERATIONS = ['put', 'get', 'list', 'delete', 'query', 'move', 'copy', '*'] as const;
const DEEDS = ['error', 'exit', 'skip', 'truncate', 'delay', 'wait', 'kill'] as const;

/** One rule of `DUPLICITY_TEST_FAULTS`. Fields and meaning: docs/contributing/faults.md. */
export interface FaultRule {
  readonly op: (typeof OPERATIONS)[number];
  /** Part of a remote name; empty for any name. */
  readonly match: string;
  readonly when: 'before' | 'after';
  readonly do: (typeof DEEDS)[number];
  /** For `error`. */
  readonly error: Code;
  /** For `exit`. */
  readonly exitCode: number;
  /** For `delay`. */
  readonly ms: number;
  readonly jitter: number;
  /** For `truncate`. */
  readonly bytes: number;
  /** For `wait`: part of a name, and seconds. */
  readonly until: string;
  readonly timeout: number;
  /** How many times the rule fires. */
  readonly count: number;
}

/** Reads the value of the variable; none or an empty one means no rules. */
export function parseFaults(text: string | undefined): readonly FaultRule[] {
  if (text === undefined || text === '') return [];
  let rules: unknown;
  try {
    rules = JSON.parse(text);
  } catch (error) {
    throw malformed('it is not JSON', error);
  }
  if (!Array.isArray(rules)) throw malformed('it is not a list');
  return rules.map((rule: unknown, index) => parseRule(rule, `rule ${index + 1}`));
}

const KNOWN = ['op', 'match', 'when', 'do', 'code', 'ms', 'jitter', 'bytes', 'until', 'timeout', 'count'];

function parseRule(value: unknown, where: string): FaultRule {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(`${where} is not an object`);
  const fields = new Map<string, unknown>(Object.entries(value));
  const unknown = [...fields.keys()].find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) throw malformed(`${where} has an unknown field "${unknown}"`);

  function text(key: string, fallback: string): string {
    const field = fields.get(key) ?? fallback;
    if (typeof field !== 'string') throw malformed(`"${key}" of ${where} is not a text`);
    return field;
  }
  function number(key: string, fallback: number): number {
    const field = fields.get(key) ?? fallback;
    if (typeof field !== 'number' || !(field >= 0)) throw malformed(`"${key}" of ${where} is not a number from 0`);
    return field;
  }
  function oneOf<T extends string>(key: string, allowed: readonly T[], fallback?: T): T {
    const field = fields.get(key) ?? fallback;
    const found = allowed.find((word) => word === field);
    if (found === undefined) throw malformed(`"${key}" of ${where} is none of ${allowed.join(', ')}`);
    return found;
  }

  const deed = oneOf('do', DEEDS);
  if (deed === 'wait' && !fields.has('until')) throw malformed(`${where} waits without "until"`);
  if (deed === 'truncate' && !fields.has('bytes')) throw malformed(`${where} truncates without "bytes"`);
  return {
    op: oneOf('op', OPERATIONS),
    match: text('match', ''),
    when: oneOf('when', ['before', 'after'], 'before'),
    do: deed,
    error: deed === 'error' ? errorCode(fields.get('code'), where) : 'BACKEND_ERROR',
    exitCode: deed === 'exit' ? number('code', 1) : 1,
    ms: number('ms', 0),
    jitter: number('jitter', 0),
    bytes: number('bytes', 0),
    until: text('until', ''),
    timeout: number('timeout', 60),
    count: number('count', Number.POSITIVE_INFINITY),
  };
}

/** By name (`BACKEND_NO_SPACE`) or exit number (53). */
function errorCode(value: unknown, where: string): Code {
  if (value === undefined) return 'BACKEND_ERROR';
  for (const code of codes()) if (code === value || CODES[code] === value) return code;
  throw malformed(`"code" of ${where} is no error code`);
}

function* codes(): Generator<Code> {
  let code: Code;
  for (code in CODES) yield code;
}

function malformed(reason: string, cause?: unknown): UsageError {
  return new UsageError('COMMAND_LINE', `DUPLICITY_TEST_FAULTS is malformed: ${reason}.`, {
    hint: 'Unset it, unless you test this program.',
    cause,
  });
}
