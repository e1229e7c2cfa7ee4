/** The variables in which drivers look for password and user; without `user` that stands in the URL. */
export interface CredentialVariables {
  readonly password: string;
  readonly user?: string;
}

const S3: CredentialVariables = { password: 'AWS_SECRET_ACCESS_KEY', user: 'AWS_ACCESS_KEY_ID' };

const OF_THEIR_OWN: Readonly<Record<string, CredentialVariables | undefined>> = {
  s3: S3,
  's3+http': S3,
  'boto3+s3': S3,
  'boto+s3': S3,
  gs: { password: 'GS_SECRET_ACCESS_KEY', user: 'GS_ACCESS_KEY_ID' },
  swift: { password: 'SWIFT_PASSWORD', user: 'SWIFT_USERNAME' },
  pca: { password: 'PCA_PASSWORD', user: 'PCA_USERNAME' },
  azure: { password: 'AZURE_CONNECTION_STRING' },
  imap: { password: 'IMAP_PASSWORD' },
  imaps: { password: 'IMAP_PASSWORD' },
  dpbx: { password: 'DPBX_ACCESS_TOKEN' },
  file: undefined,
  multi: undefined,
  rclone: undefined,
};

/** undefined for a scheme that takes no password. */
export function credentialVariables(scheme: string): CredentialVariables | undefined {
  return scheme in OF_THEIR_OWN ? OF_THEIR_OWN[scheme] : { password: 'FTP_PASSWORD' };
}
