import type { ProgressState } from '../events/progress.ts';
import { fixed } from './numbers.ts';

const BAR_WIDTH = 40;

/** `10.0MB 00:00:01 [3.0MB/s] [====>    ...] 11% ETA 7sec`; the bar gives way so that it fits into `columns`. */
export function formatProgress(state: ProgressState, columns = Infinity): string {
  const { bytes, elapsedSeconds, percent, bytesPerSecond, stalled } = state;
  const speed = stalled ? '0.0B' : amount(bytesPerSecond);
  const eta = stalled ? 'Stalled!' : remaining(Math.floor(state.etaSeconds));
  const left = `${amount(bytes)} ${clock(Math.floor(elapsedSeconds))} [${speed}/s] [`;
  const right = `] ${Math.floor(percent)}% ETA ${eta}`;
  const width = Math.max(0, Math.min(BAR_WIDTH, columns - left.length - right.length - 1));
  const done = Math.floor((width * percent) / 100);
  return `${left}${'='.repeat(done)}>${' '.repeat(width - done)}${right}`;
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
