import type { Running } from './processes.ts';

/** Resolves when the process has written this to stdout; rejects when it ends without. */
export async function heard({ child, result }: Running, text: string): Promise<void> {
  let said = '';
  const spoken = new Promise<void>((resolve) => {
    child.stdout.on('data', (part: Buffer) => {
      said += part.toString();
      if (said.includes(text)) resolve();
    });
  });
  const ended = result.then(({ stderr }) => {
    throw new Error(`ended without a word of ${text}:\n${said}${stderr}`);
  });
  // Also when nobody waits for it any more.
  ended.catch(() => undefined);
  await Promise.race([spoken, ended]);
}
