import { loginPath, rootedPath } from '../../../backends/url/url-path.ts';
import type { Role } from '../role.ts';
import type { Policies } from './policies.ts';

/** ProFTPD: words that are limited by name count before those of a group. */
export const ftp: Policies = (url, role) => {
  const path = loginPath(url).replace(/^\/*/, '/');
  const limits: readonly string[] = {
    backup: ['  AllowOverwrite off', limit('WRITE RNFR RNTO DELE', 'DenyAll'), limit('STOR', 'AllowAll')],
    keeper: [limit('WRITE RNFR RNTO DELE', 'DenyAll')],
    pruner: [limit('WRITE RNFR RNTO', 'DenyAll'), limit('READ', 'DenyAll'), limit('DELE', 'AllowAll')],
    restorer: [limit('WRITE RNFR RNTO DELE', 'DenyAll')],
  }[role];
  const text = [`<Directory ${path}>`, ...limits, '</Directory>'].join('\n');
  return {
    policies: [{ where: `proftpd.conf (the directory as the server has it; for the account duplicity-${role})`, text }],
    notes: [
      ...(role === 'backup' ? ['The directory has to be there. The first volume leaves a .NAME.part.'] : []),
      'Where one server knows several roles, put "AllowUser NAME" and "DenyAll" in the place of AllowAll.',
    ],
  };
};

function limit(commands: string, verdict: 'AllowAll' | 'DenyAll'): string {
  return `  <Limit ${commands}>\n    ${verdict}\n  </Limit>`;
}

const METHODS: Readonly<Record<Role, string>> = {
  backup: 'GET HEAD OPTIONS PROPFIND PUT',
  keeper: 'GET HEAD OPTIONS PROPFIND',
  pruner: 'OPTIONS PROPFIND DELETE',
  restorer: 'GET HEAD OPTIONS PROPFIND',
};

/** Apache's mod_dav. */
export const webdav: Policies = (url, role) => {
  const lines = [
    `<Location ${rootedPath(url).replace(/(?<=.)\/$/, '')}>`,
    `  <LimitExcept ${METHODS[role]}>`,
    '    Require all denied',
    '  </LimitExcept>',
    ...(role === 'backup'
      ? [`  <If "%{REQUEST_METHOD} == 'PUT' && -f %{REQUEST_FILENAME}">`, '    Require all denied', '  </If>']
      : []),
    '</Location>',
  ];
  return {
    policies: [{ where: `httpd.conf (for the account duplicity-${role})`, text: lines.join('\n') }],
    ...(role === 'backup' && { notes: ['The directory has to be there. The first volume leaves a .NAME.part.'] }),
  };
};

/** RFC 4314: t marks for deletion, e expunges. */
const IMAP: Readonly<Record<Role, string>> = { backup: 'lrsi', keeper: 'lr', pruner: 'lrte', restorer: 'lr' };

export const imap: Policies = (url, role) => {
  const user = role === 'backup' ? (url.user ?? 'backup') : `duplicity-${role}`;
  const text = `SETACL "FOLDER" ${user} ${IMAP[role]}`;
  return {
    policies: [{ where: 'IMAP, as the owner of the folder (doveadm acl set, cyradm sam)', text }],
    // A second file of the same name is a second message, of which the newest counts.
    ...(role === 'backup' && { blurs: ['overwrite'] as const }),
  };
};
