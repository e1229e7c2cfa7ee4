import { describe, expect, test } from 'vitest';

import { parseUrl } from '../url/url.ts';
import { placesOf } from './place.ts';

const places = (url: string, settings = {}) => placesOf(parseUrl(url), settings);

describe('an S3 URL', () => {
  test.each(['s3://bucket/a/b', 's3:///bucket/a//b/', 'boto3+s3://bucket/a/b', 'boto+s3://bucket/a/b'])(
    '%s is a bucket and a prefix',
    (url) => {
      expect(places(url)).toEqual([{ bucket: 'bucket', prefix: 'a/b/', endpoint: undefined, styles: ['virtual'] }]);
    },
  );

  test('a host with a port is the form of 0.8.22, in path style', () => {
    expect(places('s3://host:9000/bucket/p')).toEqual([
      { bucket: 'bucket', prefix: 'p/', endpoint: 'https://host:9000', styles: ['path'] },
    ]);
  });

  test.each(['s3://127.0.0.1/bucket/p', 's3://s3.amazonaws.com/bucket/p', 's3://s3-eu-west-1.amazonaws.com/bucket/p'])(
    '%s cannot name a bucket first',
    (url) => expect(places(url)).toMatchObject([{ bucket: 'bucket', prefix: 'p/', styles: ['path'] }]),
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

  test.each([
    ['http://10.0.0.1:9000', ['path']],
    ['http://[::1]:9000', ['path']],
    ['https://host', ['path', 'virtual']],
    ['localhost:9000', ['path', 'virtual']],
    ['https://s3.eu-central-1.amazonaws.com', ['virtual']],
  ])('the bucket at %s stands where the server expects it', (s3EndpointUrl, styles) => {
    expect(places('s3://b/p', { s3EndpointUrl })[0].styles).toEqual(styles);
    expect(places('s3://b/p', { s3EndpointUrl, s3AddressingStyle: 'virtual' })[0].styles).toEqual(['virtual']);
    expect(places('s3://b/p', { s3EndpointUrl, s3AddressingStyle: 'path' })[0].styles).toEqual(['path']);
  });

  test.each([
    ['s3://s3.eu-central-1.amazonaws.com/bucket/p', {}, 'eu-central-1'],
    ['s3://s3-eu-west-1.amazonaws.com/bucket/p', {}, 'eu-west-1'],
    ['s3://s3.dualstack.us-west-2.amazonaws.com/bucket/p', {}, 'us-west-2'],
    ['s3://b/p', { s3EndpointUrl: 'https://s3.cn-north-1.amazonaws.com.cn' }, 'cn-north-1'],
    ['s3://b/p', { s3EndpointUrl: 's3.fr-par.scw.cloud' }, 'fr-par'],
    ['s3://s3.amazonaws.com/bucket/p', {}, undefined],
    ['s3://b/p', { s3EndpointUrl: 'https://s3-accelerate.amazonaws.com' }, undefined],
    ['s3://b/p', { s3EndpointUrl: 'https://s3.store.test' }, undefined],
    ['s3://b/p', {}, undefined],
  ])('%s with %j tells the region %s', (url, settings, region) => {
    expect(places(url, settings)[0].region).toBe(region);
  });

  test('environment and profile name a server as the option does, but not against the URL', () => {
    const configured = { endpoint: 'http://minio:9000', style: 'path' };
    const at = (url: string, settings = {}) => placesOf(parseUrl(url), settings, configured)[0];
    expect(at('s3://b/p')).toMatchObject({ bucket: 'b', endpoint: 'http://minio:9000', styles: ['path'] });
    expect(at('boto3+s3://b.c/p')).toMatchObject({ bucket: 'b.c', endpoint: 'http://minio:9000' });
    expect(at('s3://b/p', { s3EndpointUrl: 'https://other' }).endpoint).toBe('https://other');
    expect(at('s3://host:9001/b/p')).toMatchObject({ bucket: 'b', endpoint: 'https://host:9001' });
    expect(at('gs://b/p').endpoint).toBe('https://storage.googleapis.com');
  });

  test('gs is Google, unless an endpoint is named', () => {
    expect(places('gs://b/p')[0].endpoint).toBe('https://storage.googleapis.com');
    expect(places('gs://b/p', { s3EndpointUrl: 'http://host' })[0].endpoint).toBe('http://host');
  });

  test('no bucket is error 23', () => {
    expect(() => places('s3:///')).toThrow(expect.objectContaining({ exitCode: 23 }));
  });
});
