// Starts the built program as rdiffdir: it goes by the name it is called by.
'use strict';
const { dirname } = require('path');
process.argv[1] = `${dirname(__dirname)}/rdiffdir`;
require('./run.cjs').run();
