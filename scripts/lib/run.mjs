import { spawn } from 'node:child_process';

/**
 * Runs a program to its end. `output` is what it wrote, stdout and stderr in the order they came.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean }} [options] show: pass the output through instead
 * @returns {Promise<{ ok: boolean, missing: boolean, output: string }>}
 */
export function run(command, args, { cwd, env, show = false } = {}) {
  return new Promise((resolve) => {
    // Some tools colour what nobody sees on a terminal when CI is set.
    const plain = process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: undefined };
    const child = spawn(command, args, {
      cwd,
      env: { ...(env ?? process.env), ...plain },
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    });
    const parts = [];
    child.stdout?.on('data', (part) => parts.push(part));
    child.stderr?.on('data', (part) => parts.push(part));
    child.on('error', (error) => resolve({ ok: false, missing: error.code === 'ENOENT', output: String(error) }));
    child.on('close', (status) =>
      resolve({ ok: status === 0, missing: false, output: Buffer.concat(parts).toString() }),
    );
  });
}
