// One set-up at a time in one clone. A directory is the lock; its holder renews its time, so that a lock whose holder was
// killed, or lives in another container, is recognised by age.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { scratch } from './paths.mjs';

const LOCK = `${scratch}/setup.lock`;
const SELF = `${process.pid} ${hostname()}`;
const RENEW_MS = 2_000;
const STALE_MS = 30_000;
const POLL_MS = 100;
const SAY_AFTER_MS = 3_000;

/**
 * @template T
 * @param {() => Promise<T>} work
 * @param {(holder: string) => void} onWait called once when another process has held the lock for seconds
 * @returns {Promise<T>}
 */
export async function withSetupLock(work, onWait) {
  mkdirSync(scratch, { recursive: true });
  const waitingSince = Date.now();
  let said = false;
  while (!take()) {
    const holder = readHolder(LOCK);
    if (isStale(holder)) {
      breakLock(holder);
      continue;
    }
    if (!said && Date.now() - waitingSince > SAY_AFTER_MS) {
      said = true;
      onWait(holder);
    }
    await sleep(POLL_MS);
  }
  const renewal = setInterval(() => renew(), RENEW_MS);
  const onSignal = (signal) => {
    release();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    release();
  }
}

function take() {
  try {
    mkdirSync(LOCK);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(`${LOCK}/holder`, SELF);
  return true;
}

function release() {
  if (readHolder(LOCK) === SELF) rmSync(LOCK, { recursive: true, force: true });
}

function renew() {
  if (readHolder(LOCK) !== SELF) return;
  const now = new Date();
  utimesSync(LOCK, now, now);
}

/** Empty for a moment after the lock was taken. */
function readHolder(lock) {
  try {
    return readFileSync(`${lock}/holder`, 'utf8');
  } catch {
    return '';
  }
}

function isStale(holder) {
  const taken = statSync(LOCK, { throwIfNoEntry: false });
  if (taken !== undefined && Date.now() - taken.mtimeMs > STALE_MS) return true;
  const [pid, host] = holder.split(' ');
  return host === hostname() && !isAlive(Number(pid));
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    return error.code !== 'ESRCH';
  }
}

/** Between the look and the rename another process may have broken the lock and taken it: then it gets it back. */
function breakLock(staleHolder) {
  const broken = `${LOCK}.${process.pid}`;
  try {
    renameSync(LOCK, broken);
    if (readHolder(broken) !== staleHolder) renameSync(broken, LOCK);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') throw error;
  }
  rmSync(broken, { recursive: true, force: true });
}
