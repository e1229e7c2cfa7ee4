import type { OpenOptions } from '../../src/backends/open-options.ts';
import type { Event } from '../../src/events/events.ts';

/** What drivers get in tests: no retries' pauses, and every event kept. */
export function openOptions(more: Partial<OpenOptions> = {}): OpenOptions & { readonly said: string[] } {
  const said: string[] = [];
  const emit = (event: Event): void => void ('text' in event && said.push(event.text));
  const settings = { numRetries: 2, backendRetryDelay: 0, ...more.settings };
  return { signal: new AbortController().signal, env: process.env, emit, said, ...more, settings };
}
