import { withoutSecrets } from '../../../util/secret-names.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * What gpg gets to see: no passphrases and passwords, and English messages, because they are searched and front ends
 * search them too. The character set stays the user's: it decides how gpg reads user ids on its command line.
 */
export function gpgEnvironment(env: Env): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(withoutSecrets(env))) {
    if (value !== undefined && name !== 'LANGUAGE' && name !== 'LC_ALL') out[name] = value;
  }
  const all = env['LC_ALL'];
  if (all !== undefined && all !== '') out['LC_CTYPE'] = all;
  out['LC_MESSAGES'] = 'C';
  return out;
}
