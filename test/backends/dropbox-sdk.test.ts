import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { APP_SECRET } from '../servers/dropbox-tokens.ts';
import { dropboxApp, dropboxAt, startDropbox, type DropboxServer } from '../servers/dropbox.ts';
import { root } from '../support/paths.ts';
import { run, succeeded } from '../support/processes.ts';
import { requirePythonModule, requireTool } from '../support/tools.ts';

const QUOTA = 20_000_000;
const PART = 1_000_000;

describe.runIf(requirePythonModule('dropbox') && requireTool('openssl'))('the server of these tests', () => {
  let server: DropboxServer;
  beforeAll(async () => {
    server = await startDropbox();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test("speaks as Dropbox does: the vendor's SDK takes all its answers", async () => {
    const { account, tokens, port, authority } = server;
    const expired = tokens.access();
    tokens.expireAll();
    account.setQuota(QUOTA);
    const result = await run('/usr/bin/python3', [`${root}/test/servers/dropbox-sdk.py`, String(PART)], {
      env: {
        ...dropboxAt(port),
        ...dropboxApp(server),
        // What requests, below the SDK, heeds; the SDK's own argument for it has no effect.
        REQUESTS_CA_BUNDLE: authority,
        EXPIRED: expired,
        READING: tokens.access(['files.content.read', 'files.metadata.read']),
        TOO_MUCH: String(QUOTA + 1),
      },
    });
    expect(JSON.parse(succeeded(result).stdout)).toEqual({
      account: 'Franz Ferdinand',
      upload: ['/sdk/Bücher', 5, 64],
      'upload over another spelling': ['/sdk/Bücher', true],
      'append again': 2 * PART,
      'first version of append again': 2 * PART,
      'finish too early': 2 * PART,
      finish: ['/sdk/large', true],
      'finish again': true,
      download: [true, true],
      'download of nothing': true,
      pages: [['0', '1', '2'], ['3', '4', '5'], ['6']],
      kinds: [
        ['Bücher', 'FileMetadata'],
        ['large', 'FileMetadata'],
        ['many', 'FolderMetadata'],
      ],
      'list of nothing': true,
      metadata: true,
      'metadata of nothing': true,
      copy: ['/sdk/copied', true],
      'copy of nothing': true,
      'copy over another': true,
      delete: 'large',
      'first version of delete': 'many',
      'delete of nothing': true,
      'a file where a folder is': true,
      'a second file': true,
      'read-only': true,
      full: true,
      'another content': true,
      'no permission': 'files.content.write',
      expired: true,
      'wrong token': true,
      'wrong refresh token': true,
      'authorized by secret': ['files.metadata.read', 1],
      'authorized by PKCE': ['files.metadata.read', 1],
    });
    expect(succeeded(result).stdout).not.toContain(APP_SECRET);
  });
});
