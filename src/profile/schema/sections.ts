import * as z from '../libraries/zod.ts';
import { secret } from './secret.ts';
import {
  argv,
  count,
  flag,
  interval,
  list,
  may,
  oneOf,
  oneOrMore,
  path,
  share,
  size,
  table,
  text,
  timeOfDay,
} from './values.ts';

/** Options of the command line, checked by its own table. */
const options = z.record(z.string(), z.unknown(), { error: 'needs a table of options: { volsize = 100 }' });

const keep = table({
  last: may(count(1), 'The newest sets, so many.'),
  within: may(interval, 'All sets made in this time before the newest.'),
  hourly: may(count(0), 'The newest set of each of so many hours.'),
  daily: may(count(0), 'The newest set of each of so many days.'),
  weekly: may(count(0), 'The newest set of each of so many weeks.'),
  monthly: may(count(0), 'The newest set of each of so many months.'),
  yearly: may(count(0), 'The newest set of each of so many years.'),
});

export const keys = table({
  encrypt: may(flag, 'false: store without encryption.'),
  'encrypt-to': may(list(text(), 'keys'), 'Public keys to encrypt for: no secret is needed to back up.'),
  'hidden-encrypt-to': may(list(text(), 'keys'), 'The same, without their names in the files.'),
  'sign-with': may(text(), 'The key to sign with.'),
  passphrase: may(secret, 'Of symmetric encryption, or of the secret key.'),
  'sign-passphrase': may(secret, 'Of the key that signs.'),
});

export const store = table({
  url: may(text(), 'Where the backup goes; {profile} stands for the name of the profile.'),
  password: may(secret, 'The password of the store, or the secret key of the account.'),
  user: may(text(), 'The account, where it has no place in the URL: the access key of S3.'),
  env: may(
    z.record(z.string(), z.union([text(), secret], { error: 'needs a text, or the source of a secret' }), {
      error: 'needs a table of variables: { AWS_PROFILE = "backup" }',
    }),
    'Environment variables that its driver reads; secret ones by their source.',
  ),
  options: may(options, 'Options for this store alone.'),
  keep: may(keep, 'What stays at this store.'),
  lock: may(
    z.union([oneOf('chain'), interval], { error: 'needs "chain" or an interval such as "30D"' }),
    'Lock objects for so long, or as long as their chain is needed.',
  ),
});

export const full = table({
  'when-older-than': may(text('needs an interval such as "1M"'), 'After so much time.'),
  'when-chain-longer-than': may(count(0), 'After so many increments.'),
  'when-chain-larger-than': may(text('needs a share ("50%") or a size ("2G")'), 'When increments have this size.'),
  'when-restore-takes': may(text('needs an interval such as "2h"'), 'When to restore would take longer.'),
});

export const schedule = table({
  every: may(interval, 'How often.'),
  at: may(timeOfDay, 'The time of day, local.'),
  spread: may(interval, 'Hosts and profiles start at different, fixed moments of this time.'),
  'only-if': may(
    list(oneOf('ac', 'unmetered', 'reachable'), 'conditions'),
    'Wait for mains, an unmetered network, the store.',
  ),
  'at-latest': may(interval, 'Then it runs whatever the conditions, and without a run the backup is overdue.'),
});

export const guard = table({
  'must-exist': may(list(path, 'paths'), 'Where one is absent the run is skipped: a disk is not mounted.'),
  shrink: may(share, 'More files or bytes gone than this: kept, and nothing old is removed.'),
  rewritten: may(share, 'More changed files without a block of their old content: the same.'),
});

const STEPS = ['run', 'backup', 'retention', 'checks'] as const;

export const hook = table({
  before: may(oneOf(...STEPS), 'The step to run it before.'),
  after: may(oneOf(...STEPS), 'The step to run it after.'),
  when: may(list(oneOf('success', 'failure', 'skipped'), 'outcomes'), 'Behind a step: only if it ended like that.'),
  run: may(argv, 'A program and its words; no shell.'),
  sh: may(text(), 'A script for sh.'),
  timeout: may(interval, 'It is ended after this time (1h).'),
  'on-failure': may(oneOf('stop', 'warn', 'ignore'), 'What its failure means. Exit status 75 skips the run.'),
});

export const checks = table({
  scrub: may(
    table({
      every: may(interval, 'How often.'),
      bytes: may(size, 'How much to read each time.'),
      percent: may(
        z
          .number({ error: 'needs a number' })
          .check(z.gt(0, { error: 'must be above 0' }), z.lte(100, { error: 'must be at most 100' })),
        'The same as a part of all.',
      ),
    }),
    'Read what is stored and compare it with its hashes; needs no key.',
  ),
  drill: may(
    table({
      every: may(interval, 'How often.'),
      files: may(count(1), 'How many files to restore and compare.'),
    }),
    'Restore something, where the secret key is.',
  ),
});

export const notify = table({
  on: may(
    list(oneOf('start', 'success', 'failure', 'recovery', 'overdue', 'skipped', 'guard', 'weekly'), 'events'),
    'What to tell of.',
  ),
  mail: may(oneOrMore(text(), 'an address'), 'Whom to write to.'),
  from: may(text(), 'The address of the sender.'),
  smtp: may(
    table({
      host: may(text(), 'The mail server. Without one sendmail is asked.'),
      port: may(count(1), 'Its port.'),
      user: may(text(), 'The account there.'),
      password: may(secret, 'Its password.'),
      tls: may(oneOf('starttls', 'tls', 'none'), 'How the connection is kept private.'),
    }),
    'The mail server.',
  ),
  webhook: may(
    z.union([text(), secret], { error: 'needs a URL, or the source of a secret one' }),
    'A URL that takes a POST with JSON.',
  ),
  heartbeat: may(
    z.union([text(), secret], { error: 'needs a URL, or the source of a secret one' }),
    'A monitor that is told of start, success and failure (healthchecks).',
  ),
  command: may(argv, 'A program that gets the event as JSON.'),
});

export const metrics = table({
  textfile: may(text(), 'A file for the node exporter of Prometheus.'),
  otlp: may(text(), 'The URL of an OpenTelemetry collector.'),
  labels: may(z.record(z.string(), text(), { error: 'needs a table of texts' }), 'Labels of all metrics.'),
});

export const dump = table({
  run: may(argv, 'A program and its words, whose output is stored; no shell.'),
  sh: may(text(), 'A script for sh, whose output is stored.'),
  path: may(text(), 'The file it becomes in the backup, below its root.'),
  timeout: may(interval, 'It is ended after this time.'),
});

export { keep, options };
