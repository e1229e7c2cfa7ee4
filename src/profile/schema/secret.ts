import * as z from '../libraries/zod.ts';
import { argv, described, text } from './values.ts';

const PLAIN = 'must not stand in the file: name where it comes from, such as { file = "/etc/duplicity/secret" }';

const KINDS = 'file, command, env, credential or keyring';

/** Where a secret comes from. Exactly one of the keys. */
export const secret = described(
  z
    .strictObject(
      {
        file: described(z.optional(text()), 'The first line of this file, which nobody else should be able to read.'),
        command: described(z.optional(argv), 'The first line that this program writes; no shell.'),
        env: described(
          z.optional(text().check(z.regex(/^[A-Za-z_]\w*$/, { error: 'needs the name of an environment variable' }))),
          'This environment variable.',
        ),
        credential: described(
          z.optional(text().check(z.regex(/^[^/]+$/, { error: 'needs the name of a credential of systemd' }))),
          'This credential of systemd (LoadCredential=, $CREDENTIALS_DIRECTORY).',
        ),
        keyring: described(
          z.optional(
            z.record(z.string(), z.string({ error: 'needs a text in quotes' }), {
              error: 'needs a table such as { service = "duplicity" }',
            }),
          ),
          'What secret-tool finds in the keyring of the desktop by these attributes.',
        ),
      },
      { error: (issue) => (issue.code === 'invalid_type' ? PLAIN : undefined) },
    )
    .check(
      z.refine((source) => Object.values(source).filter((value) => value !== undefined).length === 1, {
        error: `needs exactly one of ${KINDS}`,
      }),
    ),
  `A secret, by its source: ${KINDS}.`,
);

export type SecretSource = z.output<typeof secret>;
