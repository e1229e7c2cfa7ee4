import { existsSync, readFileSync } from 'node:fs';

import ssh2, { type AnyAuthMethod, type AuthHandlerMiddleware, type ParsedKey } from 'ssh2';

import { Secret } from '../../util/secret.ts';
import type { OpenOptions } from '../open-options.ts';
import { firstKey, loadKey } from './private-key.ts';
import type { SshTarget } from './config/target.ts';

const { createAgent, utils } = ssh2;

/** Ways into one account, kept for as long as connections are made, so that nobody is asked twice. */
export interface Login {
  /** Named keys, the agent, the usual keys, the password: one after the other, as far as the server takes them. */
  handler(mayUsePassword: () => boolean): AuthHandlerMiddleware;
  /** What was tried in the last attempt, and what could not be. */
  tried(): readonly string[];
}

export function openLogin(target: SshTarget, { ask }: Pick<OpenOptions, 'ask'>): Login {
  const { user: username } = target;
  const keys = new Map<string, ParsedKey | string | undefined>();
  let password = target.password;
  let asked = false;
  let tried: string[] = [];

  async function askOnce(prompt: string): Promise<Secret | undefined> {
    if (password !== undefined || asked || !target.mayAsk) return password;
    asked = true;
    const answer = await ask?.({ prompt, isVisible: false });
    if (answer !== undefined) password = new Secret(answer);
    return password;
  }

  /** The key, or why it cannot be used; undefined when there is no such file. */
  async function keyOf(file: string): Promise<ParsedKey | string | undefined> {
    if (!keys.has(file)) keys.set(file, await loadKey(file, () => askOnce(`Passphrase of the key ${file}: `)));
    return keys.get(file);
  }

  async function* keyMethods(files: readonly string[], isNamed: boolean): AsyncGenerator<AnyAuthMethod> {
    for (const file of files) {
      const key = await keyOf(file);
      if (key === undefined && isNamed) tried.push(`key ${file} (not found)`);
      if (key === undefined) continue;
      if (typeof key !== 'string' && !target.mayOffer(key.type)) {
        tried.push(`key ${file} (${key.type} is not among PubkeyAcceptedAlgorithms)`);
        continue;
      }
      if (typeof key !== 'string' && existsSync(`${file}-cert.pub`))
        tried.push(`certificate of ${file} (not supported)`);
      tried.push(typeof key === 'string' ? `key ${file} (${key})` : `key ${file}`);
      if (typeof key !== 'string') yield { type: 'publickey', username, key };
    }
  }

  async function* methods(
    isAllowed: (type: string) => boolean,
    mayUsePassword: () => boolean,
  ): AsyncGenerator<AnyAuthMethod> {
    yield { type: 'none', username };
    for (const file of target.certificates) tried.push(`certificate ${file} (not supported)`);
    if (isAllowed('publickey')) yield* keyMethods(target.identityFiles, true);
    if (target.agent !== undefined && isAllowed('publickey')) {
      tried.push('agent');
      yield { type: 'agent', username, agent: agentOf(target, target.agent) };
    }
    if (isAllowed('publickey')) yield* keyMethods(target.defaultKeys, false);
    if (!mayUsePassword() || !(isAllowed('password') || isAllowed('keyboard-interactive'))) return;
    const secret = await askOnce(`Password of ${username} on ${target.host}: `);
    if (secret === undefined) return;
    tried.push('password');
    const text = secret.reveal();
    if (isAllowed('password')) yield { type: 'password', username, password: text };
    if (!isAllowed('keyboard-interactive')) return;
    yield {
      type: 'keyboard-interactive',
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => text)),
    };
  }

  return {
    tried: () => tried,
    handler(mayUsePassword) {
      tried = [];
      let left: readonly string[] | null = null;
      const ways = methods((type) => left === null || left.includes(type), mayUsePassword);
      const advance = async (next: (way: AnyAuthMethod) => void): Promise<void> => {
        const way = await ways.next().catch(() => undefined);
        // The types of ssh2 do not know the word for the end.
        next(way === undefined || way.done === true ? (false as unknown as AnyAuthMethod) : way.value);
      };
      return (methodsLeft, _partial, next) => {
        left = methodsLeft;
        void advance(next);
      };
    },
  };
}

function agentOf(target: SshTarget, path: string) {
  const agent = createAgent(path);
  if (!target.identitiesOnly) return agent;
  const wanted = target.identityFiles.flatMap((file) => publicKeyOf(file));
  const all = agent.getIdentities.bind(agent);
  agent.getIdentities = (give) =>
    all((error, keys) => {
      const chosen = (keys ?? []).filter((key) => {
        const parsed = firstKey(utils.parseKey(key as Buffer));
        return !(parsed instanceof Error) && wanted.some((own) => own.equals(parsed.getPublicSSH()));
      });
      give(error, chosen);
    });
  return agent;
}

function publicKeyOf(file: string): Buffer[] {
  for (const path of [`${file}.pub`, file]) {
    try {
      const key = firstKey(utils.parseKey(readFileSync(path)));
      if (!(key instanceof Error)) return [key.getPublicSSH()];
    } catch {
      // The next one may be there.
    }
  }
  return [];
}
