import { fixed } from './numbers.ts';

/** Where a backup stands. */
export interface ProgressState {
  readonly bytes: number;
  readonly elapsedSeconds: number;
  /** 0..100. */
  readonly percent: number;
  /** Seconds left, as estimated. */
  readonly etaSeconds: number;
  readonly bytesPerSecond: number;
  readonly stalled: boolean;
}

const BAR_WIDTH = 40;

/** `10.0MB 00:00:01 [3.0MB/s] [====>    ...] 11% ETA 7sec` */
export function formatProgress(state: ProgressState): string {
  const { bytes, elapsedSeconds, percent, bytesPerSecond, stalled } = state;
  const done = Math.floor((BAR_WIDTH * percent) / 100);
  const bar = `${'='.repeat(done)}>${' '.repeat(BAR_WIDTH - done)}`;
  const speed = stalled ? '0.0B' : amount(bytesPerSecond);
  const eta = stalled ? 'Stalled!' : remaining(Math.floor(state.etaSeconds));
  return `${amount(bytes)} ${clock(Math.floor(elapsedSeconds))} [${speed}/s] [${bar}] ${Math.floor(percent)}% ETA ${eta}`;
}

function amount(bytes: number): string {
  let value = bytes / 1024;
  for (const unit of ['KB', 'MB']) {
    if (value <= 1000) return `${fixed(value, 1)}${unit}`;
    value /= 1024;
  }
  return `${fixed(value, 1)}GB`;
}

function clock(seconds: number): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const time = [Math.floor((seconds % 86_400) / 3600), Math.floor((seconds % 3600) / 60), seconds % 60].map(two);
  return `${days > 0 ? `${days}d,` : ''}${time.join(':')}`;
}

function remaining(seconds: number): string {
  if (seconds <= 15) return `${seconds}sec`;
  if (seconds <= 30) return '< 30sec';
  if (seconds <= 45) return '< 45sec';
  if (seconds < 60) return '< 1min';
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (seconds < 300) return `${minutes}min${seconds % 60 >= 30 ? ' 30sec' : ''}`;
  const parts = [days > 0 ? `${days}d` : '', hours > 0 ? `${hours}h` : '', minutes > 0 ? `${minutes}min` : ''];
  return parts.filter((part) => part !== '').join(' ');
}
