/** How files come from a place without this program, by the scheme of its URL. */
const WAYS: readonly (readonly [schemes: RegExp, ...hints: string[]])[] = [
  [/^file:/, 'cp, from the directory in the URL: it may be on a disk that has to be mounted first.'],
  [/^(?:sftp|scp|ssh|pexpect\+|paramiko\+)/, 'sftp -r USER@HOST:DIRECTORY .'],
  [/^rsync:/, 'rsync -a USER@HOST:DIRECTORY/ . (two colons behind the host are a module of an rsync server)'],
  [/^ftps?e?s?:/, 'lftp -e "mirror; exit" URL, or wget -r'],
  [/^(?:s3|gs|boto3?\+)/, 'aws s3 cp --recursive s3://BUCKET/PREFIX . (with --endpoint-url where it is not Amazon)'],
  [/^b2:/, 'b2 sync b2://BUCKET/PREFIX .'],
  [/^azure:/, 'az storage blob download-batch --source CONTAINER --destination .'],
  [/^(?:swift|pca):/, 'swift download CONTAINER'],
  [/^webdavs?:/, 'a WebDAV client such as cadaver, or rclone copy'],
  [/^rclone:/, 'rclone copy REMOTE:PATH .'],
  [/^dpbx:/, 'the Dropbox client, or the web page of Dropbox'],
  [/^imaps?:/, 'each file is the attachment of a message, named in its subject: save all attachments'],
  [/^multi:/, 'the files are in the places that the configuration file of the URL names: fetch those of all'],
];

/** One line or more for the sheet. */
export function fetchingHints(url: string): readonly string[] {
  const bare = url.replace(/^(?:par2|gio)\+/, '');
  const [, ...hints] = WAYS.find(([schemes]) => schemes.test(bare)) ?? [undefined, 'rclone copy REMOTE:PATH .'];
  return hints.map((hint) => `  ${hint}`);
}
