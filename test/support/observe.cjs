// Preloaded into the program: when that ends, writes its peak memory, the modules it loaded, the texts it
// compiled and, with OBSERVE_FILES set, the paths it opened and looked up as JSON to the file named by OBSERVE_TO.
'use strict';
const fs = require('fs');
const { resolve } = require('path');

const OPENING = ['open', 'openSync', 'readFile', 'readFileSync', 'createReadStream', 'copyFile', 'copyFileSync'];
const LOOKING_UP = ['lstat', 'lstatSync', 'stat', 'statSync'];
const opened = [];
const lookedUp = [];
const scripts = [];
const { writeFileSync } = fs;
const preloaded = new Set(process.moduleLoadList);

if (process.env['OBSERVE_FILES'] !== undefined) {
  observe(OPENING, opened);
  observe(LOOKING_UP, lookedUp);
}
const vm = require('vm');
vm.Script = class extends vm.Script {
  constructor(text, options) {
    super(text, options);
    const name = String(options?.filename ?? '');
    if (!name.startsWith('/')) scripts.push(name);
  }
};
process.on('exit', () => {
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  const modules = process.moduleLoadList.flatMap((name) =>
    preloaded.has(name) ? [] : name.replace(/^NativeModule /, ''),
  );
  writeFileSync(process.env['OBSERVE_TO'], JSON.stringify({ opened, lookedUp, modules, scripts, peakMiB }));
});

function observe(names, list) {
  for (const module of [fs, fs.promises]) {
    for (const name of names) {
      const real = module[name];
      if (real === undefined) continue;
      module[name] = (path, ...rest) => {
        // Not by its number: that has been opened by its path before.
        if (typeof path !== 'number')
          list.push(resolve(Buffer.isBuffer(path) ? path.toString('latin1') : String(path)));
        return real.call(module, path, ...rest);
      };
      Object.assign(module[name], real);
    }
  }
}
