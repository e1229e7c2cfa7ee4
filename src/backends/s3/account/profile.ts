import { readFileSync } from 'node:fs';

import { variable, type Environment } from '../../environment.ts';

/** The profile of `~/.aws` that counts: boto3 looks at the older variable first, and so does the reference. */
export function profileOf(env: Environment): string | undefined {
  return variable(env, 'AWS_DEFAULT_PROFILE') ?? variable(env, 'AWS_PROFILE');
}

/** Files of profiles: credentials, configuration. */
export function profileFiles(env: Environment): readonly [string, string] {
  const home = variable(env, 'HOME') ?? '';
  return [
    variable(env, 'AWS_SHARED_CREDENTIALS_FILE') ?? `${home}/.aws/credentials`,
    variable(env, 'AWS_CONFIG_FILE') ?? `${home}/.aws/config`,
  ];
}

/** What the profile says of `key`: `region`, or `s3.addressing_style` of the lines below `s3 =`. */
export function profileValue(env: Environment, key: string): string | undefined {
  const profile = profileOf(env) ?? 'default';
  const [credentials, config] = profileFiles(env);
  const ofConfig = sectionOf(contentOf(config), profile === 'default' ? 'default' : `profile ${profile}`);
  return ofConfig.get(key) ?? sectionOf(contentOf(credentials), profile).get(key);
}

/** The server that environment or profile name instead of Amazon's, in the order of the AWS tools. */
export function configuredEndpoint(env: Environment): string | undefined {
  const ignores =
    variable(env, 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS') ?? profileValue(env, 'ignore_configured_endpoint_urls');
  if (ignores?.toLowerCase() === 'true') return undefined;
  const named = variable(env, 'AWS_ENDPOINT_URL_S3') ?? variable(env, 'AWS_ENDPOINT_URL');
  if (named !== undefined) return named;
  const services = profileValue(env, 'services');
  const [, config] = profileFiles(env);
  const ofServices = services === undefined ? undefined : sectionOf(contentOf(config), `services ${services}`);
  return (
    ofServices?.get('s3.endpoint_url') ?? profileValue(env, 's3.endpoint_url') ?? profileValue(env, 'endpoint_url')
  );
}

/** Keys of a section; an indented line below a key without a value has that key before its own. */
export function sectionOf(text: string, wanted: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let current = '';
  let above = '';
  for (const line of text.split('\n')) {
    current = /^\s*\[([^\]]*)\]/.exec(line)?.[1]?.trim() ?? current;
    const [, indent = '', key, value] = /^(\s*)([\w.]+)\s*[=:]\s*(.*)$/.exec(line.trimEnd()) ?? [];
    if (key === undefined || value === undefined) continue;
    if (indent === '') above = value === '' ? `${key.toLowerCase()}.` : '';
    if (current === wanted) values.set((indent === '' ? '' : above) + key.toLowerCase(), value);
  }
  return values;
}

export function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
