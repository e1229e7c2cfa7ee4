import { homeDirectory } from '../util/account.ts';

/** The AWS SDK looks at the environment of the process itself, whatever it is told: only who owns the process may suit it. */
export function suitAwsSdk(env: Record<string, string | undefined>): void {
  // Its remarks on the version of Node are nothing for standard error.
  env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  // It fails for want of a home whose files it may do without; by this name it asks for one of Windows, and nobody else does.
  if (homeDirectory(env) === undefined) env['USERPROFILE'] = '/nonexistent';
}
