import type { Rule } from '../selection/rules.ts';
import { OPTIONS } from './options/table.ts';

/**
 * What the options say, the defaults included. Sizes are bytes, times are epoch seconds. Only what the option table
 * names is here; what follows from the surroundings (archive dir, temporary directory) is not.
 */
export type Settings = { readonly [K in keyof typeof OPTIONS]: (typeof OPTIONS)[K]['default'] } & {
  /** Conditions in the order of the command line. */
  readonly selection: readonly Rule[];
};

export function defaultSettings(): Settings {
  const values: Record<string, unknown> = { selection: [] };
  for (const [name, option] of Object.entries(OPTIONS)) values[name] = option.default;
  return values as Settings;
}
