import type { Emit, Event } from '../events/events.ts';
import type { BytePath } from '../util/bytepath.ts';
import { storedPath, type StoredPath } from './paths.ts';

/** What is told while an action runs: an event of the engine, with its path, where it has one, both ways. */
export type StoreEvent = Told<Event>;

type Told<E> = E extends { readonly path: BytePath }
  ? Omit<E, 'path'> & StoredPath
  : E extends { readonly path?: BytePath }
    ? Omit<E, 'path'> & Partial<StoredPath>
    : E;

/** Hands events on. What the listener throws ends the action, as any failure in it does. */
export function tellListener(on: ((event: StoreEvent) => void) | undefined): Emit {
  if (on === undefined) return () => undefined;
  return (event) =>
    on(('path' in event && event.path !== undefined ? { ...event, ...storedPath(event.path) } : event) as StoreEvent);
}
