import { readFileSync } from 'node:fs';

import { UsageError } from '../../errors/errors.ts';
import { localPath } from '../url/url-path.ts';
import { redact, type BackendUrl } from '../url/url.ts';

/** One entry of the configuration file. */
export interface StoreConfig {
  readonly url: string;
  /** For this store only. */
  readonly env: Readonly<Record<string, string>>;
  /** In mirror mode, names that begin with one of these go to the stores that list it, and to no others. */
  readonly prefixes: readonly string[];
}

export interface MultiConfig {
  readonly mode: 'mirror' | 'stripe';
  readonly onFail: 'continue' | 'abort';
  readonly stores: readonly StoreConfig[];
}

/**
 * `multi:///file.json?mode=..&onfail=..&subpath=..`: the file is a JSON list of objects with `url` and, if wanted,
 * `description`, `env` (a list of `{"name", "value"}`) and `prefixes`. Source: multi in the reference's manual; unknown and
 * repeated parameters are refused as there.
 */
export function readMultiConfig(url: BackendUrl): MultiConfig {
  const parameters = readParameters(url);
  const subpath = parameters.get('subpath') ?? '';
  const stores = parseStores(url).map((store) => ({ ...store, url: store.url + subpath }));
  return {
    mode: oneOf(url, 'mode', parameters.get('mode') ?? 'stripe', ['mirror', 'stripe']),
    onFail: oneOf(url, 'onfail', parameters.get('onfail') ?? 'continue', ['continue', 'abort']),
    stores,
  };
}

function readParameters(url: BackendUrl): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(url.query ?? '')) {
    if (!['mode', 'onfail', 'subpath'].includes(name)) throw invalid(url, `unknown parameter "${name}"`);
    if (parameters.has(name)) throw invalid(url, `parameter "${name}" is given twice`);
    parameters.set(name, value);
  }
  return parameters;
}

function oneOf<const T extends string>(url: BackendUrl, name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw invalid(url, `parameter "${name}" is not ${allowed.join(' or ')}`);
  return found;
}

function parseStores(url: BackendUrl): readonly StoreConfig[] {
  const path = localPath(url);
  let stores: unknown;
  try {
    stores = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    // The text around a syntax error may hold a password.
    const reason = error instanceof SyntaxError ? 'is not JSON' : `cannot be read: ${String(error)}`;
    throw invalid(url, `the file ${path} ${reason}`);
  }
  if (!Array.isArray(stores) || stores.length === 0) throw invalid(url, `the file ${path} holds no list of stores`);
  return stores.map((store: unknown, i) => parseStore(store, (what) => invalid(url, `store ${i + 1} ${what}`)));
}

function parseStore(value: unknown, wrong: (what: string) => UsageError): StoreConfig {
  if (!isRecord(value)) throw wrong('is no object');
  const { url, env = [], prefixes = [] } = value;
  if (typeof url !== 'string') throw wrong('has no "url"');
  if (!Array.isArray(prefixes) || !prefixes.every((one) => typeof one === 'string')) {
    throw wrong('has "prefixes" that are no list of texts');
  }
  if (!Array.isArray(env)) throw wrong('has an "env" that is no list');
  const variables: Record<string, string> = {};
  for (const entry of env) {
    if (!isRecord(entry) || typeof entry['name'] !== 'string' || typeof entry['value'] !== 'string') {
      throw wrong('has an "env" entry without "name" or "value"');
    }
    variables[entry['name']] = entry['value'];
  }
  return { url, env: variables, prefixes };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(url: BackendUrl, what: string): UsageError {
  const shown = redact(url.original.reveal());
  return new UsageError('USER_ERROR', `InvalidBackendURL: ${what}, in ${shown}`, {
    exception: 'InvalidBackendURL',
    hint: 'Write multi:///path/config.json?mode=mirror&onfail=continue; docs/backends/multi.md shows a file.',
  });
}
