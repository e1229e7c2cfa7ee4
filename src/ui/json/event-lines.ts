import type { Event } from '../../events/events.ts';
import { levelName, render } from '../render.ts';
import { warningText } from '../status/warnings-text.ts';
import type { EntryLine, EventLine } from './lines.ts';
import { verdictFields } from './results/salvage.ts';
import { pathFields, textFields, timeFields } from './fields.ts';

/** The line that tells an event; undefined for what stands in the last line, or concerns people only. */
export function eventLine(event: Event): EventLine | undefined {
  switch (event.kind) {
    case 'warning': {
      const { text, code = 'generic', path, time } = event;
      const where = path === undefined ? {} : pathFields(path);
      const when = time === undefined ? {} : timeFields('time', time);
      return { v: 1, type: 'warning', code, text, ...where, ...when };
    }
    case 'collectionWarning':
      return { v: 1, type: 'warning', code: event.warning.code, text: warningText(event.warning) };
    case 'fileNew':
      return { v: 1, type: 'file', change: 'new', ...pathFields(event.path) };
    case 'fileChanged':
      return { v: 1, type: 'file', change: 'changed', ...pathFields(event.path) };
    case 'fileDeleted':
      return { v: 1, type: 'file', change: 'deleted', ...pathFields(event.path) };
    case 'socketSkipped':
      return { v: 1, type: 'file', change: 'skipped', ...pathFields(event.path) };
    case 'restoring':
      return { v: 1, type: 'file', change: 'restored', ...pathFields(event.path), fileType: event.type };
    case 'listed':
      return entryLine(event);
    case 'difference':
      return { v: 1, type: 'difference', ...pathFields(event.path), text: event.text };
    case 'salvaged':
      return { v: 1, type: 'verdict', ...verdictFields(event) };
    case 'changedInSet': {
      const { set, change, path } = event;
      return { v: 1, type: 'change', change, ...pathFields(path), ...timeFields('time', set) };
    }
    case 'progress': {
      const { current, total } = event;
      return {
        v: 1,
        type: 'progress',
        ...(total === undefined ? { bytes: current } : { volume: current, volumes: total }),
      };
    }
    case 'backupProgress': {
      const { bytes, percent, elapsedSeconds, etaSeconds, bytesPerSecond, stalled } = event.state;
      const left = Number.isFinite(etaSeconds) ? { secondsLeft: etaSeconds } : {};
      const pace = { percent, elapsedSeconds, ...left, bytesPerSecond, isStalled: stalled };
      return { v: 1, type: 'progress', bytes: Math.floor(bytes), ...pace };
    }
    case 'uploading':
    case 'uploaded': {
      const state = event.kind === 'uploading' ? 'started' : 'finished';
      return { v: 1, type: 'upload', state, name: event.name, isInBackground: event.background };
    }
    case 'failed':
    case 'interrupted':
    case 'result':
    case 'collectionStatus':
    case 'changes':
    case 'pruning':
    case 'statistics':
    case 'verified':
      return undefined;
    default:
      return inWords(event);
  }
}

function entryLine(event: Extract<Event, { readonly kind: 'listed' }>): EntryLine {
  const { path, type, mtime, mode, uid, gid, uname, gname, size, link, major, minor } = event;
  return {
    v: 1,
    type: 'entry',
    ...pathFields(path),
    fileType: type,
    ...timeFields('mtime', mtime),
    ...(mode !== undefined && { mode }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
    ...(uname && { user: Buffer.from(uname, 'latin1').toString() }),
    ...(gname && { group: Buffer.from(gname, 'latin1').toString() }),
    ...(size !== undefined && { size: { least: size.least, most: size.most } }),
    ...(link && textFields('linkTarget', link)),
    ...((type === 'chr' || type === 'blk') && {
      ...(major !== undefined && { major }),
      ...(minor !== undefined && { minor }),
    }),
  };
}

/** What has no line of its own is a message, as people get it. */
function inWords(event: Event): EventLine | undefined {
  const { level, text } = render(event);
  if (text === undefined) return undefined;
  const message = { v: 1, text: Buffer.from(text, 'latin1').toString() } as const;
  switch (levelName(level)) {
    case 'ERROR':
    case 'WARNING':
      return { ...message, type: 'warning', code: 'generic' };
    case 'NOTICE':
      return { ...message, type: 'notice' };
    case 'INFO':
      return { ...message, type: 'info' };
    case 'DEBUG':
      return { ...message, type: 'debug' };
  }
}
