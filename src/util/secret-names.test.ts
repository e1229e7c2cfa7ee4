import { expect, test } from 'vitest';
import { withoutOurSecrets, withoutSecrets } from './secret-names.ts';

const OURS = {
  PASSPHRASE: 'x',
  SIGN_PASSPHRASE: 'x',
  FTP_PASSWORD: 'x',
  IMAP_PASSWORD: 'x',
  AZURE_CONNECTION_STRING: 'x',
  GS_SECRET_ACCESS_KEY: 'x',
  SWIFT_PASSWORD: 'x',
  SWIFT_PREAUTHTOKEN: 'x',
  PCA_PREAUTHTOKEN: 'x',
  DPBX_ACCESS_TOKEN: 'x',
  DPBX_APP_SECRET: 'x',
  DPBX_REFRESH_TOKEN: 'x',
};
const OF_OTHERS = {
  AWS_SECRET_ACCESS_KEY: 'x',
  AWS_SESSION_TOKEN: 'x',
  RCLONE_CONFIG_PASS: 'x',
  SSHPASS_PASSWORD: 'x',
};
const HARMLESS = { PATH: '/bin', SSH_ASKPASS: '/bin/ask', AWS_ACCESS_KEY_ID: 'id', GPG_TTY: '/dev/pts/0' };

test('a program that works here gets no secret', () => {
  expect(withoutSecrets({ ...OURS, ...OF_OTHERS, ...HARMLESS })).toEqual(HARMLESS);
});

test('a program that reaches a store gets none of ours, and what is its own', () => {
  expect(withoutOurSecrets({ ...OURS, ...OF_OTHERS, ...HARMLESS })).toEqual({ ...OF_OTHERS, ...HARMLESS });
});
