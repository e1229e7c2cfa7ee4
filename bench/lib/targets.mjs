// How much of the reference's CPU time each case may take. Where it differs by mode, `any` is the target of the others.

/** @type {Record<string, Record<string, Partial<Record<'sym' | 'pub' | 'gz' | 'plain' | 'any', number>>>>} */
const TARGETS = {
  big: {
    full: { any: 0.45, plain: 0.75 },
    'no-op': { any: 0.3, sym: 0.2 },
    inc: { any: 0.45 },
    restore: { any: 0.75 },
    'restore changed': { any: 0.75 },
    'restore one': { any: 0.5 },
    verify: { any: 0.5 },
  },
  small: {
    full: { any: 0.5, gz: 0.45 },
    'no-op': { any: 0.3, sym: 0.2 },
    inc: { any: 0.45 },
    restore: { any: 0.6 },
    'restore changed': { any: 0.6 },
    'restore one': { any: 0.5 },
    verify: { any: 0.5 },
    list: { any: 0.25 },
    're-sync': { any: 0.4 },
  },
  sets: { version: { any: 0.5 }, status: { any: 0.5 }, 're-sync': { any: 0.4 } },
};

/** @returns {number | undefined} */
export function targetOf({ corpus, action, mode }) {
  const target = TARGETS[corpus]?.[action];
  return target?.[mode] ?? target?.any;
}
