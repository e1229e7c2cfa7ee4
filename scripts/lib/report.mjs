// What people see of a check run or a test run.

/** One line for a check that passed; what it printed, too, for one that did not. @param {import('./checks.mjs').Checked} checked */
export function reportCheck({ name, ok, seconds, output, counts }) {
  const tests = counts === undefined ? '' : `  ${formatCounts(counts)}`;
  console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(10)}  ${seconds.toFixed(1).padStart(5)} s${tests}`);
  if (!ok) console.log(indent(output.trimEnd()));
}

/** @param {import('./vitest.mjs').Counts} counts */
export function formatCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function indent(text) {
  return text.replace(/^(?=.)/gm, '    ');
}
