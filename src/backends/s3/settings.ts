/** Options of the command line that concern S3; sizes are bytes. */
export interface S3Settings {
  readonly s3EndpointUrl: string | undefined;
  readonly s3RegionName: string | undefined;
  readonly s3AddressingStyle: 'path' | 'virtual' | undefined;
  readonly s3UnencryptedConnection: boolean;
  readonly s3UseRrs: boolean;
  readonly s3UseIa: boolean;
  readonly s3UseOnezoneIa: boolean;
  readonly s3UseGlacier: boolean;
  readonly s3UseGlacierIr: boolean;
  readonly s3UseDeepArchive: boolean;
  readonly s3MultipartChunkSize: number | undefined;
  readonly s3MultipartMaxProcs: number;
  readonly s3UseServerSideEncryption: boolean;
  readonly s3UseServerSideKmsEncryption: boolean;
  readonly s3KmsKeyId: string | undefined;
  readonly s3KmsGrant: string | undefined;
}
