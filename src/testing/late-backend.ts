import type { Backend, RemoteFile } from '../backends/backend.ts';

export interface LateBackend extends Backend {
  /** Lets listings show the present state. */
  catchUp(): Promise<void>;
}

/** `inner` whose listing stays as it was when this was made, or at the last `catchUp`. */
export async function lateBackend(inner: Backend): Promise<LateBackend> {
  const { signal } = new AbortController();
  let seen: RemoteFile[] = [];
  async function catchUp(): Promise<void> {
    seen = [];
    for await (const file of inner.list({ signal })) seen.push(file);
  }
  await catchUp();
  return {
    ...inner,
    traits: { ...inner.traits, consistentList: false },
    catchUp,
    async *list() {
      yield* seen;
    },
  };
}
