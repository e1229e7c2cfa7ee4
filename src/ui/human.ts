import type { Event } from '../events/events.ts';
import type { ProgressState } from '../events/progress.ts';
import { wallClock } from '../util/local-time.ts';
import { gatherInto } from './gather.ts';
import { formatProgress } from './progress.ts';
import { type Message, levelName, render } from './render.ts';
import type { Sink } from './sink.ts';

/** Takes events until it is closed. */
export interface Consumer {
  emit(event: Event): void;
  flush(): void;
  /** Writes what is pending; `status` is that of the run. Throws `LocalError` when output got lost for another reason than a reader gone away. */
  close(status?: number): void;
}

export interface HumanOptions {
  /** 0..9; messages above it are not shown. */
  readonly verbosity: number;
  /** Date, time and level in front of each message. */
  readonly timestamps: boolean;
  /** Takes errors. */
  readonly stderr: Sink;
  /** Takes everything else. */
  readonly stdout: Sink;
  /** Present when stdout is a terminal that shows progress lines over each other; tells its width, where known. */
  readonly columns?: (() => number | undefined) | undefined;
}

/** To the line above, and that one empty. */
const OVER_LAST_LINE = '\x1b[F\x1b[2K';

/** Messages for people, as bytes. Many short lines are gathered; none lingers for long, and errors keep their place. */
export function humanOutput({ verbosity, timestamps, stderr, stdout, columns }: HumanOptions): Consumer {
  let endsInProgress = false;
  const { add: gather, flush } = gatherInto(stdout, 'latin1');

  /** On a terminal a progress line takes the place of the one before, hence must not be wrapped. */
  function overLast(state: ProgressState, message: Message, width = Infinity): string {
    const front = timestamps ? prefix(message) : '';
    const text = `${front}${formatProgress(state, width - front.length)}\n`;
    return endsInProgress ? `${OVER_LAST_LINE}${text}` : text;
  }

  return {
    emit(event) {
      const message = render(event);
      if (message.text === undefined || (message.level > verbosity && !message.forced)) return;
      const line = `${timestamps ? prefix(message) : ''}${message.text}\n`;
      if (event.kind === 'backupProgress') {
        gather(columns === undefined ? line : overLast(event.state, message, columns()));
        endsInProgress = true;
        // Of interest now, and seldom.
        flush();
        return;
      }
      endsInProgress = false;
      if (message.level > 0) {
        gather(line);
        return;
      }
      flush();
      stderr.write(Buffer.from(line, 'latin1'));
    },
    flush,
    close() {
      flush();
      stdout.close();
      stderr.close();
    },
  };
}

/** `YYYY-MM-DD HH:MM:SS,mmm LEVEL `, local time. */
function prefix({ level }: Message): string {
  const now = Date.now();
  const { year, month, day, hour, minute, second } = wallClock(now / 1000);
  const [month2, day2, hour2, minute2, second2] = [month, day, hour, minute, second].map((n) =>
    String(n).padStart(2, '0'),
  );
  const milliseconds = String(now % 1000).padStart(3, '0');
  return `${year}-${month2}-${day2} ${hour2}:${minute2}:${second2},${milliseconds} ${levelName(level)} `;
}
