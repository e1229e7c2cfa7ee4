// Preloaded into the program: its clock begins at CLOCK, in seconds.
'use strict';
if (process.env.CLOCK !== undefined) {
  const Real = Date;
  const ahead = Number(process.env.CLOCK) * 1000 - Real.now();
  globalThis.Date = class extends Real {
    constructor(...given) {
      if (given.length === 0) super(Real.now() + ahead);
      else super(...given);
    }
    static now() {
      return Real.now() + ahead;
    }
  };
}
