import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';

import { chainInputs } from './credentials.ts';
import { configuredEndpoint, profileValue } from './profile.ts';

const home = mkdtempSync(`${tmpdir()}/duplicity-aws-`);
afterAll(() => rmSync(home, { recursive: true }));
mkdirSync(`${home}/.aws`);
writeFileSync(
  `${home}/.aws/config`,
  `[default]
endpoint_url = http://default:9000
s3 =
  addressing_style = virtual
  max_concurrent_requests = 3
region = eu-west-1
[profile nested]
s3 =
    endpoint_url = http://nested:9000
[profile shared]
services = mine
endpoint_url = http://other:9000
[services mine]
dynamodb =
  endpoint_url = http://dynamo:9000
s3 =
  endpoint_url = http://services:9000
[profile deaf]
ignore_configured_endpoint_urls = true
endpoint_url = http://deaf:9000
`,
);
const env = { HOME: home };

test.each([
  [{}, 'http://default:9000'],
  [{ AWS_PROFILE: 'nested' }, 'http://nested:9000'],
  [{ AWS_DEFAULT_PROFILE: 'shared' }, 'http://services:9000'],
  [{ AWS_PROFILE: 'deaf' }, undefined],
  [{ AWS_PROFILE: 'absent' }, undefined],
  [{ AWS_ENDPOINT_URL: 'http://env:9000' }, 'http://env:9000'],
  [{ AWS_ENDPOINT_URL: 'http://env:9000', AWS_ENDPOINT_URL_S3: 'http://s3:9000' }, 'http://s3:9000'],
  [{ AWS_ENDPOINT_URL: 'http://env:9000', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }, undefined],
])('%j name the server %s', (more, endpoint) => {
  expect(configuredEndpoint({ ...env, ...more })).toBe(endpoint);
});

test('lines below another one have its name before theirs', () => {
  expect(profileValue(env, 's3.addressing_style')).toBe('virtual');
  expect(profileValue(env, 'addressing_style')).toBeUndefined();
  expect(profileValue(env, 'region')).toBe('eu-west-1');
});

test('the library looks for credentials in the profile of either variable', () => {
  expect(chainInputs({ ...env, AWS_DEFAULT_PROFILE: 'nested' })).toMatchObject({ profile: 'nested' });
  expect(chainInputs({ ...env, AWS_PROFILE: 'nested' })).toMatchObject({ profile: 'nested' });
});
