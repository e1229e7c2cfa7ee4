import { describe, expect, test } from 'vitest';

import { parseUrl } from '../url.ts';
import { placesOf } from './place.ts';

const places = (url: string, settings = {}) => placesOf(parseUrl(url), settings);

describe('an S3 URL', () => {
  test.each(['s3://bucket/a/b', 's3:///bucket/a//b/', 'boto3+s3://bucket/a/b', 'boto+s3://bucket/a/b'])(
    '%s is a bucket and a prefix',
    (url) => {
      expect(places(url)).toEqual([{ bucket: 'bucket', prefix: 'a/b/', endpoint: undefined, pathStyle: false }]);
    },
  );

  test('a host with a port is the form of 0.8.22, in path style', () => {
    expect(places('s3://host:9000/bucket/p')).toEqual([
      { bucket: 'bucket', prefix: 'p/', endpoint: 'https://host:9000', pathStyle: true },
    ]);
  });

  test.each(['s3://127.0.0.1/bucket/p', 's3://s3.amazonaws.com/bucket/p', 's3://s3-eu-west-1.amazonaws.com/bucket/p'])(
    '%s cannot name a bucket first',
    (url) => expect(places(url)).toMatchObject([{ bucket: 'bucket', prefix: 'p/', pathStyle: true }]),
  );

  test('a first part with a dot may be a bucket or, if there is no such bucket, a host', () => {
    expect(places('s3://my.bucket/other/p')).toMatchObject([
      { bucket: 'my.bucket', prefix: 'other/p/' },
      { bucket: 'other', prefix: 'p/', endpoint: 'https://my.bucket' },
    ]);
  });

  test.each([
    ['boto3+s3://my.bucket/p', {}],
    ['gs://my.bucket/p', {}],
    ['s3://my.bucket/p', { s3EndpointUrl: 'https://host' }],
    ['s3://my.bucket', {}],
  ])('%s with %j has one reading', (url, settings) => {
    expect(places(url, settings)).toMatchObject([{ bucket: 'my.bucket' }]);
  });

  test('plain http is for s3+http and for the option', () => {
    expect(places('s3+http://b/p')[0].endpoint).toBe('http://s3.amazonaws.com');
    expect(places('s3://b/p', { s3UnencryptedConnection: true })[0].endpoint).toBe('http://s3.amazonaws.com');
    const both = { s3UnencryptedConnection: true, s3EndpointUrl: 'https://host' };
    expect(places('s3://b/p', both)[0].endpoint).toBe('http://host');
  });

  test('an address has no names of buckets below it', () => {
    const pathStyle = (s3EndpointUrl: string) => places('s3://b/p', { s3EndpointUrl })[0].pathStyle;
    expect(['http://10.0.0.1:9000', 'http://[::1]:9000', 'https://host'].map(pathStyle)).toEqual([true, true, false]);
  });

  test('gs is Google, unless an endpoint is named', () => {
    expect(places('gs://b/p')[0].endpoint).toBe('https://storage.googleapis.com');
    expect(places('gs://b/p', { s3EndpointUrl: 'http://host' })[0].endpoint).toBe('http://host');
  });

  test('no bucket is error 23', () => {
    expect(() => places('s3:///')).toThrow(expect.objectContaining({ exitCode: 23 }));
  });
});
