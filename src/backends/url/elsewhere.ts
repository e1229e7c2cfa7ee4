/** What to do instead of using a scheme of the reference that this program does not speak. */
export interface Elsewhere {
  /** Whose scheme it is, as people call it. */
  readonly service: string;
  /** One sentence in the imperative, with the URL to write. */
  readonly advice: string;
}

/** A service that rclone reaches: how to make the remote, and the URL to use then. `type` is rclone's word for it. */
function byRclone(service: string, type: string): Elsewhere {
  const url = `rclone://${type}:DIRECTORY`;
  return {
    service,
    advice: `Use ${url} after setting the remote up once with "rclone config create ${type} ${type}".`,
  };
}

function closed(service: string): Elsewhere {
  return {
    service,
    advice: 'The service has been closed; copy what you have left of it into a directory and use file:///DIRECTORY.',
  };
}

function copied(service: string, how: string): Elsewhere {
  return { service, advice: `Back up to file:///DIRECTORY and copy that with "${how}".` };
}

const DRIVE = byRclone('Google Drive', 'drive');
const MEGA = byRclone('Mega', 'mega');
const RACKSPACE: Elsewhere = {
  service: 'Rackspace Cloud Files',
  advice: 'Use swift://CONTAINER with SWIFT_AUTHURL, SWIFT_USERNAME and SWIFT_PASSWORD set.',
};
const MEDIAFIRE = copied('MediaFire', "the service's own program");

/**
 * Schemes of 0.8.22 and 3.0.1 that no driver claims. Each is answered with what reaches the same place, so that none is
 * simply unknown. Which remotes rclone has was looked up in rclone 1.60 and its documentation.
 */
const ELSEWHERE: ReadonlyMap<string, Elsewhere> = new Map([
  ['gdrive', DRIVE],
  ['pydrive', DRIVE],
  ['pydrive+gdocs', DRIVE],
  ['gdocs', DRIVE],
  ['gdata+gdocs', DRIVE],
  ['onedrive', byRclone('OneDrive', 'onedrive')],
  ['box', byRclone('Box', 'box')],
  ['mega', MEGA],
  ['megav2', MEGA],
  ['megav3', MEGA],
  ['jottacloud', byRclone('Jottacloud', 'jottacloud')],
  ['cf+http', RACKSPACE],
  ['cf+https', RACKSPACE],
  ['cf+hubic', closed('hubiC')],
  ['hubic', closed('hubiC')],
  ['ad', closed('Amazon Drive')],
  ['mf', MEDIAFIRE],
  ['mediafire', MEDIAFIRE],
  ['slate', copied('Slate', "the service's own program")],
  ['idrived', copied('IDrive', 'idevsutil_dedup')],
  ['tahoe', copied('Tahoe-LAFS', 'tahoe cp --recursive DIRECTORY ALIAS:DIRECTORY')],
  ['hsi', copied('HPSS', 'hsi')],
  ['sx', copied('Skylable SX', 'sxcp -r DIRECTORY sx://CLUSTER/VOLUME')],
  ['adb', copied('Android', 'adb push DIRECTORY /sdcard')],
  ['xorriso', copied('optical discs', 'xorriso -as mkisofs -o IMAGE DIRECTORY')],
]);

/** The advice for `scheme`; undefined when no release of the reference has it. */
export function elsewhere(scheme: string): Elsewhere | undefined {
  return ELSEWHERE.get(scheme);
}

/** For tests and documents. */
export function schemesElsewhere(): readonly string[] {
  return [...ELSEWHERE.keys()];
}
