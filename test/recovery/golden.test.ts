import { beforeAll, describe, expect, test } from 'vitest';
import { SCRIPT } from '../../src/actions/recovery/script.ts';
import { some } from '../support/forms.ts';
import { gnupgHome, PASSPHRASE } from '../support/gnupg.ts';
import { expectedListing } from '../support/listing.ts';
import { golden } from '../support/paths.ts';
import { succeeded } from '../support/processes.ts';
import { restorable, restored } from '../support/restored.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireRoot, requireTool } from '../support/tools.ts';
import { recover } from './recover.ts';

/** Every chain of the reference: name, tree, number of sets. */
const ARCHIVES = [
  ['gz', 'L', 5],
  ['plain', 'O', 5],
  ['short', 'S', 3],
  ['oldnames', 'S', 3],
  ['prefixed', 'S', 2],
  ['gnutar', 'O', 3],
  ['v3-gz', 'S', 5],
  ['restarted', 'R', 1],
  ['rootfile', 'F', 2],
  ['sym', 'M', 5],
  ['pub', 'O', 5],
  ['signed', 'O', 5],
  ['hidden', 'S', 2],
  ['symsigned', 'S', 2],
  ['short-sym', 'S', 2],
  ['v3-sym', 'O', 3],
  ['v3-signed', 'S', 2],
  ['mixed', 'S', 5],
] as const;

/** One of each way to name and to encode files, and the tree with all that is odd. */
const IN_SHORT = new Set(['gz', 'oldnames', 'prefixed', 'rootfile', 'v3-signed', 'short-sym']);

const states = ARCHIVES.flatMap(([name, tree, sets]) =>
  Array.from({ length: sets }, (_, k) => ({ name, tree, k, isLast: k === sets - 1 })),
);

let gnupg = '';
beforeAll(() => {
  gnupg = gnupgHome();
});

describe.runIf(requireRoot() && requireTool('rdiff') && requireTool('gpg'))('without this program', () => {
  test.each(some(states, ({ name, isLast }) => isLast && IN_SHORT.has(name)))(
    'archive $name comes back as it was at set $k',
    async ({ name, tree, k }) => {
      const dir = tempDir();
      const prefixes = "manifests='all-man-' volumes='all-arc-'";
      const script = name === 'prefixed' ? SCRIPT.replace("manifests='' volumes=''", prefixes) : SCRIPT;
      const options = { dir, script, env: { GNUPGHOME: gnupg, PASSPHRASE } };
      const result = succeeded(await recover(options, golden(name), `${dir}/out`, `@${timeOfSet(k) + 5}`));
      expect(result.stdout).toContain(`Restored to ${dir}/out: the state of `);
      const expected = expectedListing(tree, k).filter(({ type }) => type !== 'socket');
      expect(restored(`${dir}/out`)).toEqual(restorable(expected));
    },
  );
});
