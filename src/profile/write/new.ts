import type { ProfileCommand } from '../../cli/command.ts';
import { resolve } from 'node:path';
import { expandPath } from '../../cli/words/expand.ts';
import type { Surroundings } from '../../cli/surroundings.ts';
import { isUrl } from '../../backends/url/url.ts';
import { type Draft, newDraft, pathToml } from './draft.ts';
import { writeOptions } from './option-lines.ts';
import { withoutPassword, writeTarget } from './targets.ts';

/** A commented profile out of the options of a command line; `--include` names paths here. */
export function newProfile(name: string, given: ProfileCommand['given'], secrets: string, around: Surroundings): Draft {
  const draft = newDraft(`Profile ${name}.`);
  const of = (option: string): readonly string[] =>
    given.filter(({ spelling }) => spelling.name === option).map(({ words: [word = ''] }) => word);
  const includes = of('include');
  const paths = includes.map((path) => pathToml(/^[/~]/.test(path) ? path : resolve(expandPath(path, around))));
  draft.set(
    '',
    'include',
    paths,
    'Directories and files to back up, by absolute paths. What to leave out: exclude = ["**/.cache"]',
  );
  writeTargets(of('targetOfNew'), name, secrets, draft);
  writeOptions(
    given.filter(({ spelling }) => spelling.name !== 'include' && spelling.name !== 'targetOfNew'),
    draft,
  );
  if (draft.get('', 'keep') === undefined)
    draft.note('keep = { daily = 7, weekly = 4, monthly = 12 } removes old backups; without it all stay.');
  if (draft.get('keys', 'encrypt-to') === undefined && draft.get('keys', 'encrypt') === undefined) {
    draft.note(
      '[keys] encrypt-to = ["KEY"] encrypts for a public key. Without it PASSPHRASE is taken from the environment, or asked for.',
    );
  }
  draft.note('[schedule], [full], [guard], [[hook]], [checks], [notify], [metrics], [dump.NAME]: docs/profile.md.');
  return draft;
}

function writeTargets(targets: readonly string[], name: string, secrets: string, draft: Draft): void {
  const [first = ''] = targets;
  if (targets.length > 1 && !targets.some((target) => withoutPassword(target).hadPassword))
    draft.set('', 'to', [...targets]);
  else if (targets.length === 1 && isUrl(first)) writeTarget(first, {}, { name, secrets }, draft, 'the command line');
  else draft.set('', 'to', targets.length === 1 ? first : targets.map((target) => withoutPassword(target).url));
}
