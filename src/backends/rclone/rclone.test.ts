import { expect, test } from 'vitest';

import { limits } from './rclone.ts';

const { signal } = new AbortController();

test.each([
  [{}, undefined],
  [{ limitUpload: 0, limitDownload: 0 }, undefined],
  [{ limitUpload: 100 * 1024, limitDownload: 0 }, '100K:off'],
  [{ limitUpload: 0, limitDownload: 1024 }, 'off:1K'],
  [{ limitUpload: 1024, limitDownload: 2048 }, '1K:2K'],
])('limits of %o are %s for rclone', (settings, word) => {
  expect(limits({ signal, settings })['RCLONE_BWLIMIT']).toBe(word);
});
