// Preloaded into a program under test: names below localhost are this machine, or are not there, whatever the resolver says.
const dns = require('node:dns');
const real = dns.lookup;

dns.lookup = (name, options, done) => {
  if (!name.endsWith('.localhost')) return real(name, options, done);
  const answer = typeof options === 'function' ? options : done;
  if (process.env.NAMES_BELOW_LOCALHOST === 'yes') return real('127.0.0.1', options, done);
  const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND', hostname: name });
  return setImmediate(() => answer(error));
};
