import type { BackendUrl } from '../../../backends/url/url.ts';
import { localPath, loginPath } from '../../../backends/url/url-path.ts';
import type { Role } from '../role.ts';
import type { Policies, Said } from './policies.ts';

const SNAPSHOTS =
  'Snapshots keep what is overwritten all the same: zfs snapshot, btrfs subvolume snapshot -r, from cron, by root.';

/** A directory of this machine, or one that is mounted. */
export const directory: Policies = (url, role) => {
  const path = localPath(url);
  const quoted = `'${path.replaceAll("'", String.raw`'\''`)}'`;
  switch (role) {
    case 'backup':
      return {
        policies: [
          {
            where: 'a shell, as root (put the user of the backups for USER)',
            text: [`install -d -o USER -m 0750 ${quoted}`, `chattr +a ${quoted}`].join('\n'),
          },
        ],
        notes: [
          'In such a directory files can be made and not deleted or renamed, also by their owner; root can take the attribute away.',
          SNAPSHOTS,
        ],
        blurs: ['overwrite'],
      };
    case 'pruner':
      return {
        policies: [
          {
            where: 'a shell, as root, around each prune',
            text: `chattr -a ${quoted}\nduplicity prune …\nchattr +a ${quoted}`,
          },
        ],
        blurs: ['store', 'overwrite'],
      };
    default:
      return {
        policies: [
          {
            where: 'a shell, as root (put the reader for USER)',
            text: `setfacl -m u:USER:rX -d -m u:USER:rX ${quoted}`,
          },
        ],
      };
  }
};

/** Requests that take something away, rename it, or change what protects it. */
const TAKING = 'remove,rename,posix-rename,rmdir,mkdir,setstat,fsetstat,lsetstat,symlink,hardlink';
const READING = 'realpath,stat,lstat,fstat,opendir,readdir,open,read,close,readlink,limits,statvfs,fstatvfs';

/**
 * New files get mode 0400, by the umask: who made one can read it, and open it for writing no more. Owner and account must
 * not be root.
 */
const SFTP: Readonly<Record<Role, string>> = {
  backup: `internal-sftp -u 0377 -P ${TAKING}`,
  keeper: 'internal-sftp -R',
  pruner: `internal-sftp -p ${READING},remove`,
  restorer: 'internal-sftp -R',
};

export const sftp: Policies = (url, role) => {
  const user = role === 'backup' ? (url.user ?? 'backup') : `duplicity-${role}`;
  const text = [`Match User ${user}`, `  ForceCommand ${SFTP[role]}`, '  DisableForwarding yes', '  PermitTTY no'].join(
    '\n',
  );
  return { policies: [{ where: 'sshd_config', text }], ...sftpNotes(url, role) };
};

function sftpNotes(url: BackendUrl, role: Role): Omit<Said, 'policies'> {
  const path = loginPath(url) || 'its home directory';
  if (role === 'backup') {
    return {
      notes: [
        `The directory (${path}) has to be there, and belong to the account.`,
        'Files are made with mode 0400: they can be read and not written again. A pruner or keeper with another account needs read access: make it a member of the group and use -u 0337.',
        'The first volume leaves a .NAME.part, which is known for that from then on.',
        `Against root on that machine: chattr +a, or ZFS. ${SNAPSHOTS}`,
      ],
    };
  }
  if (role !== 'pruner') return { notes: ['scp:// URLs use sftp, too, where there is one.'] };
  return {
    notes: [
      'Opening for writing cannot be refused apart from opening: let files belong to the backup account, and the directory to a group of both, with write access.',
    ],
    blurs: ['store', 'overwrite'],
  };
}

/** A module of a daemon, or a key for one directory. */
export const rsync: Policies = (url, role) => {
  const blurs = role === 'pruner' ? (['store', 'overwrite'] as const) : undefined;
  if (!url.path.startsWith('::')) {
    const options = { backup: '-no-del -no-overwrite -no-lock', keeper: '-ro', pruner: '-no-lock', restorer: '-ro' }[
      role
    ];
    const text = `command="rrsync ${options} ${loginPath(url) || '/srv/backups'}",restrict ssh-ed25519 AAAA… duplicity-${role}`;
    const notes = ['The path of the URL counts from that directory: rsync://USER@HOST/.'];
    return { policies: [{ where: '~/.ssh/authorized_keys of the account', text }], notes, ...(blurs && { blurs }) };
  }
  const [module = 'backup'] = url.path.slice(2).split('/');
  const lines = [
    `[${module}]`,
    '  path = /srv/backups',
    `  auth users = ${role === 'backup' ? (url.user ?? 'backup') : `duplicity-${role}`}`,
    '  secrets file = /etc/rsyncd.secrets',
    '  list = no',
    `  read only = ${role === 'backup' || role === 'pruner' ? 'no' : 'yes'}`,
    ...(role === 'backup' ? ['  refuse options = delete remove-source-files'] : []),
  ];
  return {
    policies: [{ where: 'rsyncd.conf (a module of its own for each role, with another name)', text: lines.join('\n') }],
    ...(role === 'backup' && {
      notes: [`A daemon cannot refuse to overwrite. ${SNAPSHOTS}`],
      blurs: ['overwrite'] as const,
    }),
    ...(blurs && { blurs }),
  };
};
