// Preloaded into the program: a bug in it. Asking for the free space fails as no system call does.
'use strict';
require('fs').statfsSync = () => undefined.bavail;
