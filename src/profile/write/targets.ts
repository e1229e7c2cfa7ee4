import { isUrl, parseUrl } from '../../backends/url/url.ts';
import { DuplicityError } from '../../errors/errors.ts';
import { isSecretName } from '../../util/secret-names.ts';
import { credentialVariables } from '../parts/credentials.ts';
import type { Draft } from './draft.ts';
import type { TomlValue } from './toml.ts';

export interface TargetContext {
  /** Of the profile. */
  readonly name: string;
  /** Where files with secrets go. */
  readonly secrets: string;
}

/** Variables that hold passphrases of keys, and their keys in a profile. */
const PASSPHRASES: Readonly<Record<string, string>> = { PASSPHRASE: 'passphrase', SIGN_PASSPHRASE: 'sign-passphrase' };
const NOT_OF_DRIVERS =
  /^(?:PATH|HOME|SHELL|USER|LOGNAME|LANG|LC_\w+|TZ|MAILTO|MAILFROM|TERM|PWD|DISPLAY|TMPDIR|TEMP|TMP|CRON_TZ)$/;

/** A secret that was written plainly: a file takes its place, which somebody has to make. */
export function secretToml(what: string, { name, secrets }: TargetContext, draft: Draft, from: string): TomlValue {
  const file = `${secrets}/${name}-${what}`;
  draft.note(
    `The ${what} is not copied: put it from ${from} into ${file}, for you alone:\n  (umask 077; mkdir -p ${secrets}; cat > ${file})`,
  );
  return { file };
}

/** Without the password of a URL, and whether it had one. */
export function withoutPassword(url: string): { readonly url: string; readonly hadPassword: boolean } {
  const [, start = '', user = '', rest = ''] = /^([\w+.-]+:\/\/)([^:/?#@]*):[^/?#]*(@[^@]*)$/.exec(url) ?? [];
  return start === '' ? { url, hadPassword: false } : { url: `${start}${user}${rest}`, hadPassword: true };
}

/**
 * Writes where the backup goes. `variables` are those of the environment it ran in: what drivers and keys need of them is
 * taken over, secrets by a source.
 */
export function writeTarget(
  given: string,
  variables: Readonly<Record<string, string>>,
  context: TargetContext,
  draft: Draft,
  from: string,
  sourceOf: (variable: string) => TomlValue | undefined = () => undefined,
): void {
  const { url, hadPassword } = withoutPassword(given);
  const known = credentialVariables(schemeOf(url));
  const values: Record<string, TomlValue> = {};
  const env: Record<string, TomlValue> = {};
  if (hadPassword) values['password'] = secretToml('password', context, draft, `the URL in ${from}`);
  for (const [variable, text] of Object.entries(variables)) {
    const key = PASSPHRASES[variable];
    const secret = (what: string): TomlValue =>
      sourceOf(variable) ?? secretToml(what, context, draft, `${variable} in ${from}`);
    if (key !== undefined) draft.set('keys', key, secret(key));
    else if (variable === known?.password) values['password'] = secret('password');
    else if (variable === known?.user) values['user'] = text;
    else if (!NOT_OF_DRIVERS.test(variable)) env[variable] = isSecretName(variable) ? secret(variable) : text;
  }
  if (Object.keys(env).length > 0) values['env'] = env;
  if (Object.keys(values).length === 0) {
    draft.set('', 'to', url);
    return;
  }
  draft.set('', 'to', 'main');
  for (const [key, value] of Object.entries({ url, ...values })) draft.set('store.main', key, value);
}

function schemeOf(url: string): string {
  try {
    return isUrl(url) ? parseUrl(url).scheme : '';
  } catch (error) {
    if (error instanceof DuplicityError) return '';
    throw error;
  }
}
