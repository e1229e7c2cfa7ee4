/** What a user is told when a run ends for a signal. */
export function interruption(signal: string): string {
  return `${signal.slice('SIG'.length)} intercepted...exiting.`;
}
