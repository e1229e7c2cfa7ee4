import { mkdirSync, writeFileSync } from 'node:fs';

import { requireTool } from '../support/tools.ts';

/** What an account that may do nothing but rsync, in one directory, runs for every command; shell lines for `startSshd`. */
export const RECEIVERS = ['rrsync', 'rrsync before 3.2.4', 'openrsync'] as const;

export type Receiver = (typeof RECEIVERS)[number];

export function hasReceiver(receiver: Receiver): boolean {
  return receiver !== 'rrsync' || requireTool('rrsync');
}

/**
 * `rrsync` is the program of this machine. Of the others there are no packages: rsync runs behind the words that those
 * refuse, with what they say then.
 */
export function receiverCommand(receiver: Receiver, dir: string, options = ''): string {
  mkdirSync(dir, { recursive: true });
  if (receiver === 'rrsync') return `exec rrsync ${options} '${dir}'`;
  const file = `${dir}-receiver`;
  writeFileSync(file, receiver === 'openrsync' ? openrsync(dir) : oldRrsync(dir), { mode: 0o755 });
  return `exec '${file}'`;
}

/** Refuses links to be followed, the way in which rsync before 3.2.4 protects arguments, and long options it does not know. */
function oldRrsync(dir: string): string {
  return `#!/bin/bash
refuse() { echo "/usr/bin/rrsync: $1" >&2; exit 1; }
case "$SSH_ORIGINAL_COMMAND" in 'rsync --server '*) ;; *) refuse "SSH_ORIGINAL_COMMAND='$SSH_ORIGINAL_COMMAND' is not rsync" ;; esac
case "$SSH_ORIGINAL_COMMAND" in *..*) refuse 'Do not use .. in any path!' ;; esac
cd '${dir}' || exit 1
eval "set -- $SSH_ORIGINAL_COMMAND"
shift
for word; do
  case $word in
    .) break ;;
    --mkpath*|--info*|--debug*) refuse 'invalid rsync-command syntax or options' ;;
    --*) ;;
    -*) letters=\${word%%e.*}; case $letters in *[KLks]*) refuse 'invalid rsync-command syntax or options' ;; esac ;;
  esac
done
exec rsync "$@"
`;
}

/** As on macOS. It knows no option of rsync 3, and its own words. */
function openrsync(dir: string): string {
  return `#!/bin/bash
cd '${dir}' || exit 1
eval "set -- $SSH_ORIGINAL_COMMAND"
[ "$1" = rsync ] || { exec "$@"; }
shift
for word; do
  case $word in
    .) break ;;
    --mkpath*|--info*|--debug*|--no-msgs2stderr|--msgs2stderr|--open-noatime|--preallocate)
      echo "rsync: unrecognized option \\\`$word'" >&2
      echo 'usage: rsync [-0468BCDEFHIKLOPRSTWVabcdghiklnopqrtuvxyz] [-e program]' >&2
      exit 1 ;;
  esac
done
exec rsync "$@"
`;
}
