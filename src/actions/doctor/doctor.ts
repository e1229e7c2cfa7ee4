import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Collection } from '../../collections/collection.ts';
import type { Encoding } from '../../repository/keys.ts';
import { regroup } from '../../repository/load-collection.ts';
import { listRemote } from '../../repository/list-remote.ts';
import type { Packing } from '../../repository/preflight/resources.ts';
import type { Repository } from '../../repository/repository.ts';
import { counted } from '../../util/counted.ts';
import type { DoctorResult, Finding } from './finding.ts';
import { ok } from './finding.ts';
import { helpers } from './helpers.ts';
import { gpg, keyRing, reading, writing } from './keys.ts';
import { clock, home, openFiles, program, serverClock } from './machine.ts';
import { archiveDir, lock, tempDir } from './places.ts';
import { interrupted, newest, newestTime, oddSets, source } from './sets.ts';
import { abilities, rights, space, unreachable } from './store.ts';

/** What a backup would work with. */
export interface DoctorOptions {
  /** The tree; without it nothing is said of one. */
  readonly source: Parameters<typeof source>[1] | undefined;
  readonly encoding: Encoding;
  readonly packing: Packing;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Hears of each finding when it is known. */
  readonly tell: (finding: Finding) => void;
}

/**
 * Looks at all that a backup needs, and says what would stop it. Changes nothing; what it stores to try the rights of the
 * account it deletes again.
 */
export async function doctor(repository: Repository, options: DoctorOptions): Promise<DoctorResult> {
  const { encoding, packing, env, tell } = options;
  const findings: Finding[] = [];
  const add = (...found: readonly (Finding | undefined)[]): void => {
    for (const finding of found) {
      if (finding === undefined) continue;
      findings.push(finding);
      tell(finding);
    }
  };
  add(program(), home(env), openFiles());
  add(archiveDir(repository), lock(repository), tempDir(repository, packing));
  add(...(await gpg(encoding, env)), ...(await keyRing(encoding, env, repository.now)), await writing(repository));
  add(...(await helpers(repository.url, env, repository.call)));
  const collection = await lookAtStore(repository, add);
  if (options.source !== undefined) add(await source(repository, options.source, collection));
  return { findings, isFit: findings.every(({ state }) => state !== 'trouble') };
}

async function lookAtStore(
  repository: Repository,
  add: (...found: readonly (Finding | undefined)[]) => void,
): Promise<Collection | undefined> {
  const dates = watchDates();
  let collection: Collection;
  try {
    const names = await listRemote(repository);
    collection = regroup(repository, names);
    add(ok('store', `it can be listed: ${counted(names.length, 'file')}`));
  } catch (error) {
    add(unreachable(error));
    return undefined;
  } finally {
    dates.stop();
  }
  add(...(await rights(repository)), ...space(repository.backend), abilities(repository.backend));
  add(serverClock(dates.seen()), clock(repository, newestTime(collection), collection.isClockDoubted));
  add(newest(repository, collection), oddSets(collection), await interrupted(repository, collection));
  add(await reading(repository, collection));
  return collection;
}

const CHANNEL = 'http.client.response.finish';

/** The last Date that a server has answered with over HTTP, whichever driver has asked. */
function watchDates(): {
  readonly seen: () => { readonly server: number; readonly here: number } | undefined;
  readonly stop: () => void;
} {
  let seen: { readonly server: number; readonly here: number } | undefined;
  const onResponse = (message: unknown): void => {
    const { response } = message as { readonly response?: { readonly headers?: { readonly date?: string } } };
    const server = Date.parse(response?.headers?.date ?? '');
    if (!Number.isNaN(server)) seen = { server, here: Date.now() };
  };
  subscribe(CHANNEL, onResponse);
  return { seen: () => seen, stop: () => void unsubscribe(CHANNEL, onResponse) };
}
