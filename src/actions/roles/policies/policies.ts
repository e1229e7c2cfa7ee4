import type { BackendUrl } from '../../../backends/url/url.ts';
import type { Policy, Right, Role } from '../role.ts';
import { azure, b2, dropbox, google, swift } from './clouds.ts';
import { directory, rsync, sftp } from './machines.ts';
import { s3 } from './s3.ts';
import { ftp, imap, webdav } from './servers.ts';

/** How one store says what a role may do. */
export interface Said {
  readonly policies: readonly Policy[];
  readonly notes?: readonly string[];
  /** Rights that the store cannot refuse apart from those the role needs. */
  readonly blurs?: readonly Right[];
}

export type Policies = (place: BackendUrl, role: Role) => Said;

const BY_SCHEME: readonly (readonly [RegExp, Policies])[] = [
  [/^file$/, directory],
  [/(?:^|\+)(?:sftp|scp|ssh|fish)$/, sftp],
  [/^rsync$/, rsync],
  [/(?:^|\+)ftp(?:s|es)?$/, ftp],
  [/(?:^|\+)(?:webdavs?|https?)$/, webdav],
  [/^gs$/, google],
  [/(?:^|\+)s3$|^s3/, s3],
  [/^b2$/, b2],
  [/^(?:swift|pca)$/, swift],
  [/^azure$/, azure],
  [/^imaps?$/, imap],
  [/^dpbx$/, dropbox],
];

const ELSEWHERE: Said = {
  policies: [],
  notes: [
    'The rights are those of what lies behind this URL: ask for the roles of the URL of each store there.',
    'In front of a remote of rclone, "rclone serve webdav --read-only REMOTE:" lets keeper and restorer read and nothing else.',
  ],
  blurs: ['store', 'overwrite', 'delete'],
};

export const policiesOf: Policies = (place, role) =>
  BY_SCHEME.find(([schemes]) => schemes.test(place.scheme))?.[1](place, role) ?? ELSEWHERE;
