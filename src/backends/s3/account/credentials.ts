import { variable, type Environment } from '../../environment.ts';
import { contentOf, profileFiles, profileOf, profileValue, sectionOf } from './profile.ts';

/** Long-lived keys; `sessionToken` where they are temporary. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const WITH_CREDENTIALS =
  /^\s*(aws_access_key_id|role_arn|sso_|credential_process|web_identity_token_file|login_session)/m;

/**
 * Keys that the AWS SDK would not find by itself, or undefined to leave it to the SDK's own chain. In the order of the
 * reference: the environment, the SDK's profiles, the files of boto 2, and at last what a container or machine has.
 */
export function awsKeys(env: Environment): Keys | undefined {
  const accessKeyId = variable(env, 'AWS_ACCESS_KEY_ID');
  const secretAccessKey = variable(env, 'AWS_SECRET_ACCESS_KEY');
  const sessionToken = variable(env, 'AWS_SESSION_TOKEN') ?? variable(env, 'AWS_SECURITY_TOKEN');
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
  }
  return hasProfile(env) ? undefined : botoKeys(env, 'aws');
}

/** HMAC keys of Google Cloud Storage. */
export function googleKeys(env: Environment): Keys | undefined {
  const accessKeyId = variable(env, 'GS_ACCESS_KEY_ID');
  const secretAccessKey = variable(env, 'GS_SECRET_ACCESS_KEY');
  if (accessKeyId !== undefined && secretAccessKey !== undefined) return { accessKeyId, secretAccessKey };
  return botoKeys(env, 'gs');
}

/** The region by the names of the SDK and of boto, else that of the profile; undefined where nobody names one. */
export function regionOf(env: Environment): string | undefined {
  return variable(env, 'AWS_REGION') ?? variable(env, 'AWS_DEFAULT_REGION') ?? profileValue(env, 'region');
}

/**
 * What the SDK's chain of credentials otherwise takes from the process: two stores of one run may differ in it. Names are
 * those of the SDK's providers.
 */
export function chainInputs(env: Environment): Readonly<Record<string, string>> {
  const [filepath, configFilepath] = profileFiles(env);
  const inputs = {
    profile: profileOf(env),
    filepath,
    configFilepath,
    webIdentityTokenFile: variable(env, 'AWS_WEB_IDENTITY_TOKEN_FILE'),
    roleArn: variable(env, 'AWS_ROLE_ARN'),
    roleSessionName: variable(env, 'AWS_ROLE_SESSION_NAME'),
  };
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function hasProfile(env: Environment): boolean {
  if (profileOf(env) !== undefined || variable(env, 'AWS_WEB_IDENTITY_TOKEN_FILE') !== undefined) return true;
  return profileFiles(env).some((file) => WITH_CREDENTIALS.test(contentOf(file)));
}

/** Section `[Credentials]` of the files of boto 2; the last one that has both keys wins, as there. */
function botoKeys(env: Environment, kind: 'aws' | 'gs'): Keys | undefined {
  const home = variable(env, 'HOME') ?? '';
  const named = variable(env, 'BOTO_CONFIG');
  const files = named === undefined ? ['/etc/boto.cfg', `${home}/.boto`] : [named];
  let found: Keys | undefined;
  for (const file of files) {
    const section = sectionOf(contentOf(file), 'Credentials');
    const accessKeyId = section.get(`${kind}_access_key_id`);
    const secretAccessKey = section.get(`${kind}_secret_access_key`);
    if (accessKeyId !== undefined && secretAccessKey !== undefined) found = { accessKeyId, secretAccessKey };
  }
  return found;
}
