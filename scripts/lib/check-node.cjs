// Says that this node is too old, if it is, and ends it. Every version of node has to be able to run this.
'use strict';

const OLDEST = [20, 19];

module.exports = { checkNode };
if (require.main === module) checkNode();

function checkNode() {
  const [major, minor] = process.version.slice(1).split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  console.error(
    `duplicity: Node.js ${OLDEST.join('.')} or newer is needed, but ${process.execPath} is ${process.version}. Install a newer one, or set DUPLICITY_NODE to its path.`,
  );
  process.exit(1);
}
