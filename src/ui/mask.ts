import { DuplicityError } from '../errors/errors.ts';
import type { Event } from '../events/events.ts';

/** Hides passwords in a text. */
export type Mask = (text: string) => string;

/**
 * Hides what may be a password in one of `words`, the command line: from its first colon, behind the scheme, to its last
 * `@`. A mistyped URL is taken for a path, a time or the value of an option, whose messages know nothing of passwords.
 */
export function maskFor(words: readonly string[]): Mask {
  const secrets = words.flatMap(secretsOf);
  if (secrets.length === 0) return (text) => text;
  return (text) => secrets.reduce((masked, secret) => masked.replaceAll(secret, ':*****@'), text);
}

/** The event with the mask on all of its sentences; results and names of files in progress stay as they are. */
export function maskEvent(event: Event, mask: Mask): Event {
  switch (event.kind) {
    case 'error':
    case 'warning':
    case 'difference':
    case 'notice':
    case 'info':
    case 'debug':
      return { ...event, text: mask(event.text) };
    case 'collectionWarning':
      return { ...event, warning: { ...event.warning, names: event.warning.names.map(mask) } };
    case 'cleaning':
      return { ...event, names: event.names.map(mask) };
    case 'replicating':
      return { ...event, name: mask(event.name) };
    case 'failed':
      return { ...event, error: maskFailure(event.error, mask) };
    default:
      return event;
  }
}

function maskFailure(error: DuplicityError, mask: Mask): DuplicityError {
  const { code, message, hint, fields, exception } = error;
  if (mask(message) === message && (hint === undefined || mask(hint) === hint) && fields.every((f) => mask(f) === f)) {
    return error;
  }
  return new DuplicityError(code, mask(message), {
    ...(hint !== undefined && { hint: mask(hint) }),
    ...(exception !== undefined && { exception }),
    fields: fields.map(mask),
  });
}

/** With its colon and `@`, so that a short one hides nothing else; as it stands and as a path is shown. */
function secretsOf(word: string): readonly string[] {
  const start = /^(?:--?[\w-]+=)?(?:[\w+.-]+:\/\/)?/.exec(word)?.[0].length ?? 0;
  const secret = /:[^]*@/.exec(word.slice(start))?.[0];
  if (secret === undefined || secret === ':@' || secret === ':*****@') return [];
  return [...new Set([secret, secret.replace(/\/+/g, '/')])];
}
