import { bucketPath } from '../../../backends/url/url-path.ts';
import type { Role } from '../role.ts';
import type { Policies } from './policies.ts';

const GOOGLE: Readonly<Record<Role, readonly string[]>> = {
  backup: ['storage.objects.list', 'storage.objects.get', 'storage.objects.create', 'storage.multipartUploads.abort'],
  keeper: ['storage.objects.list', 'storage.objects.get'],
  pruner: ['storage.objects.list', 'storage.objects.delete'],
  restorer: ['storage.objects.list', 'storage.objects.get'],
};

/** Google refuses to overwrite where it refuses to delete. */
export const google: Policies = (url, role) => {
  const { bucket } = bucketPath(url);
  const name = `duplicity_${role}`;
  const account = `duplicity-${role}@PROJECT.iam.gserviceaccount.com`;
  const text = [
    `gcloud iam roles create ${name} --project=PROJECT --permissions=${GOOGLE[role].join(',')}`,
    `gcloud storage buckets add-iam-policy-binding gs://${bucket} \\`,
    `  --member=serviceAccount:${account} --role=projects/PROJECT/roles/${name}`,
    `gcloud storage hmac create ${account}`,
  ].join('\n');
  return { policies: [{ where: 'a shell (put your project for PROJECT)', text }] };
};

const B2: Readonly<Record<Role, string>> = {
  backup: 'listFiles,readFiles,writeFiles',
  keeper: 'listFiles,readFiles,readFileRetentions,writeFileRetentions',
  pruner: 'listFiles,deleteFiles',
  restorer: 'listFiles,readFiles',
};

/** A key that may write makes new versions, and may hide files; it removes none. */
export const b2: Policies = (url, role) => {
  const { bucket, prefix } = bucketPath(url);
  const below = prefix === '' ? '' : ` --name-prefix ${prefix}`;
  const text = `b2 key create --bucket ${bucket}${below} duplicity-${role} ${B2[role]}`;
  const policies = [{ where: 'a shell', text }];
  if (role !== 'backup') return { policies };
  return {
    policies,
    notes: [
      'Whoever may write can hide a file or lay a newer version over it: the older versions stay, as long as the bucket keeps all of them.',
      'The URL gets the id of this key; the key itself goes into FTP_PASSWORD.',
    ],
    blurs: ['overwrite'],
  };
};

/** Permissions of a shared access signature: c creates, w overwrites too and stores blocks, d deletes. */
const AZURE: Readonly<Record<Role, string>> = { backup: 'rcwl', keeper: 'rli', pruner: 'dl', restorer: 'rl' };

export const azure: Policies = (url, role) => {
  const { bucket: container } = bucketPath(url);
  const text = `az storage container generate-sas --account-name ACCOUNT --name ${container} --permissions ${AZURE[role]} --expiry YYYY-MM-DD --https-only`;
  const policies = [{ where: 'a shell (put your account for ACCOUNT)', text }];
  if (role !== 'backup') return { policies };
  return {
    policies,
    notes: [
      'With volumes of up to 60 MB (--volsize 60) permissions rcl will do, which overwrite nothing; larger files go in blocks, which take w.',
      'With w, turn on versioning and soft deletion of blobs, or a policy of immutability.',
    ],
    blurs: ['overwrite'],
  };
};

export const swift: Policies = (url, role) => {
  const { bucket: container } = bucketPath(url);
  const who = 'PROJECT:USER';
  const reading = `--read-acl '${who},.rlistings'`;
  if (role === 'keeper' || role === 'restorer') {
    return { policies: [{ where: 'a shell, as the owner', text: `swift post ${container} ${reading}` }] };
  }
  const writing = `swift post ${container} ${reading} --write-acl '${who}'`;
  const versions = role === 'backup' ? [`swift post ${container} -H 'X-Versions-Enabled: true'`] : [];
  return {
    policies: [{ where: 'a shell, as the owner', text: [writing, ...versions].join('\n') }],
    notes: ['Swift has one right for storing, overwriting and deleting: versions keep what is taken away.'],
    blurs: ['store', 'overwrite', 'delete'],
  };
};

const DROPBOX: Readonly<Record<Role, readonly string[]>> = {
  backup: ['files.metadata.read', 'files.content.read', 'files.content.write'],
  keeper: ['files.metadata.read', 'files.content.read'],
  pruner: ['files.metadata.read', 'files.content.write'],
  restorer: ['files.metadata.read', 'files.content.read'],
};

export const dropbox: Policies = (_url, role) => ({
  policies: [{ where: 'scopes of an app of its own (App folder)', text: DROPBOX[role].join('\n') }],
  ...(DROPBOX[role].includes('files.content.write') && {
    notes: ['Dropbox has one right for storing, overwriting and deleting; it keeps what was deleted for some weeks.'],
    blurs: ['store', 'overwrite', 'delete'] as const,
  }),
});
