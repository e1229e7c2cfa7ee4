import type { BackendUrl } from './url.ts';

/** file: `rel/dir` of `file://rel/dir`, `/abs` of `file:///abs`. Empty when the URL names nothing. */
export function localPath(url: BackendUrl): string {
  return url.path.replace(/^\/\//, '');
}

/**
 * sftp, scp, ftp, rsync over ssh: one leading slash is the separator, so `h/rel` lies below the login directory and
 * `h//abs` is absolute. `h/` alone is the root. `h` is '': the login directory for sftp and scp, the root for ftp and
 * rsync.
 */
export function loginPath(url: BackendUrl): string {
  return url.path === '/' ? '/' : url.path.replace(/^\//, '');
}

/** webdav: slashes folded, always rooted, always a collection: `/a/b/`. */
export function rootedPath(url: BackendUrl): string {
  return `/${url.path}/`.replace(/\/{2,}/g, '/');
}

/** s3, gs, swift, pca, b2, azure: the first part and the rest as a prefix that is empty or ends in a slash. */
export function bucketPath(url: BackendUrl): { readonly bucket: string; readonly prefix: string } {
  const [first = '', ...rest] = url.path.split('/').filter((part) => part !== '');
  return { bucket: first.slice(first.lastIndexOf('@') + 1), prefix: rest.map((part) => `${part}/`).join('') };
}

/** rclone: `rem:dir` of both `rclone://rem:dir` and `rclone://rem:/dir`, `rem:/abs` of `rclone://rem://abs`. */
export function rcloneTarget(url: BackendUrl): string {
  return url.path.replace(/^\/\//, '').replace(':/', ':');
}
