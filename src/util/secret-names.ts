type Env = Readonly<Record<string, string | undefined>>;

/** Names that hold a secret by what they are called, whoever reads them. */
const SECRET =
  /(^|_)(PASSPHRASE|PASSWORD|PASSWD|PASS|SECRET|TOKEN|PREAUTHTOKEN|APIKEY|API_KEY|ACCESS_KEY|ACCOUNT_KEY|SECRET_KEY|APP_KEY|CONNECTION_STRING)$/i;

/** Those that this program reads and no other: whatever it starts has no use for them. */
const OURS =
  /^(PASSPHRASE|SIGN_PASSPHRASE|FTP_PASSWORD|IMAP_PASSWORD|AZURE_CONNECTION_STRING|GS_SECRET_ACCESS_KEY|(SWIFT|PCA)_(PASSWORD|PREAUTHTOKEN)|DPBX_(ACCESS_TOKEN|APP_SECRET|REFRESH_TOKEN))$/;

/** Whether a variable of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name);
}

/** For a program that works on local files: no secret at all. */
export function withoutSecrets(env: Env): Record<string, string | undefined> {
  return without(env, SECRET);
}

/**
 * For a program that reaches a store, or starts one that does (`ProxyCommand` and remotes of rclone may go by the keys of
 * a cloud): all but the secrets of this one.
 */
export function withoutOurSecrets(env: Env): Record<string, string | undefined> {
  return without(env, OURS);
}

function without(env: Env, names: RegExp): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.test(name)));
}
