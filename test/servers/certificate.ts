import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';

/** Files of a certificate for 127.0.0.1 and localhost, and of the authority that signed it. */
export interface Certificate {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export function makeCertificate(dir: string): Certificate {
  const files = { authority: `${dir}/ca.pem`, certificate: `${dir}/cert.pem`, key: `${dir}/key.pem` };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
  openssl([
    'req',
    '-x509',
    ...newKey,
    '-subj',
    '/CN=test authority',
    '-keyout',
    `${dir}/ca.key`,
    '-out',
    files.authority,
  ]);
  openssl(['req', ...newKey, '-subj', '/CN=localhost', '-keyout', files.key, '-out', `${dir}/request`]);
  writeFileSync(`${dir}/extensions`, 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
  const signer = [
    '-CA',
    files.authority,
    '-CAkey',
    `${dir}/ca.key`,
    '-CAcreateserial',
    '-extfile',
    `${dir}/extensions`,
  ];
  openssl(['x509', '-req', '-in', `${dir}/request`, '-days', '30', ...signer, '-out', files.certificate]);
  chmodSync(files.key, 0o600);
  return files;
}

/** What `openssl` prints. */
export function openssl(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0] ?? ''}: ${stderr}`);
  return stdout.trim();
}
