import { listIn, numberIn, parseJson, textIn } from '../http/json.ts';

/** What the calls that are made here answer, each a part of it. */
export interface Said {
  readonly buckets?:
    | readonly { readonly bucketName: string | undefined; readonly bucketId: string | undefined }[]
    | undefined;
  readonly bucketId?: string | undefined;
  readonly files?: readonly Listed[] | undefined;
  readonly nextFileName?: string | undefined;
  readonly nextFileId?: string | undefined;
  readonly uploadUrl?: string | undefined;
  readonly authorizationToken?: string | undefined;
  readonly fileId?: string | undefined;
  readonly contentLength?: number | undefined;
  readonly contentSha1?: string | undefined;
}

interface Listed {
  readonly fileName?: string | undefined;
  readonly fileId?: string | undefined;
  readonly contentLength?: number | undefined;
  /** `upload`, `hide`, `start` or `folder`. */
  readonly action?: string | undefined;
}

/** Whatever else a field holds is as if it was not there. */
export function saidIn(text: string): Said {
  const value = parseJson(text);
  return {
    buckets: listIn(value, 'buckets')?.map((one) => ({
      bucketName: textIn(one, 'bucketName'),
      bucketId: textIn(one, 'bucketId'),
    })),
    bucketId: textIn(value, 'bucketId'),
    files: listIn(value, 'files')?.map((one) => ({
      fileName: textIn(one, 'fileName'),
      fileId: textIn(one, 'fileId'),
      contentLength: numberIn(one, 'contentLength'),
      action: textIn(one, 'action'),
    })),
    nextFileName: textIn(value, 'nextFileName'),
    nextFileId: textIn(value, 'nextFileId'),
    uploadUrl: textIn(value, 'uploadUrl'),
    authorizationToken: textIn(value, 'authorizationToken'),
    fileId: textIn(value, 'fileId'),
    contentLength: numberIn(value, 'contentLength'),
    contentSha1: textIn(value, 'contentSha1'),
  };
}
