import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type ProfilePlace, profilePlace, START, WHERE } from '../../testing/profile-place.ts';
import { loadProfile, ProfileError } from '../profile.ts';

const top = mkdtempSync(`${tmpdir()}/profile-`);
afterAll(() => rmSync(top, { recursive: true }));
let at: ProfilePlace;
beforeEach(() => {
  at = profilePlace(top);
});

describe('what is wrong is told with its place, and what was meant', () => {
  test.each([
    ['exlude = []', '4:1: "exlude" is no key of a profile. Is exclude meant?'],
    ['exclude_if_present = []', '4:1: "exclude_if_present" is no key of a profile. Is exclude-if-present meant?'],
    ['encrypt-to = ["A"]', '4:1: "encrypt-to" is no key of a profile. It belongs to [keys].'],
    ['[shedule]\nevery = "1D"', '4:2: "shedule" is no key of a profile. Is schedule meant?'],
    ['[schedule]\nevry = "1D"\nevery = "1D"', '5:1: "evry" is no key of schedule. Is every meant?'],
    ['[store.x]\nurl = "file:///x"\noptoins = {}', '6:1: "optoins" is no key of store.x. Is options meant?'],
    ['__proto__ = 1', '4:1: "__proto__" is no key of a profile.'],
    [
      '[[hook]]\nbefore = "backup"\nrun = ["a"]\n[[hook]]\nbefor = "backup"\nrun = ["a"]',
      '8:1: "befor" is no key of hook[2]. Is before meant?',
    ],
    [
      'options = { limit_upload = 3 }',
      '4:13: options has no "limit_upload": the command line has no such option. Is limit-upload meant?',
    ],
    [
      'options = { "--volsize" = 3 }',
      '4:13: options has no "--volsize": the command line has no such option. Is volsize meant?',
    ],
    ['exclude = "x"', '4:11: exclude needs a list of patterns: ["...", "..."].'],
    ['exclude = [1]', '4:12: exclude[1] needs a path in quotes, or { base64 = "..." } where it is no UTF-8.'],
    ['keep = { daily = "7" }', '4:18: keep.daily needs a whole number of at least 0.'],
    ['keep = { daily = 99999999999999999999 }', '4:18: keep.daily needs a whole number of at least 0.'],
    ['keep = { daily = 1.5 }', '4:18: keep.daily needs a whole number of at least 0.'],
    ['schedule = { every = 1D }', 'p.toml:4:23: A comma is missing here. Texts and intervals stand in quotes.'],
    ['schedule = { every = 07:32:00 }', '4:22: schedule.every needs an interval such as'],
    ['schedule = { every = "1 day" }', '4:22: schedule.every needs an interval such as'],
    ['guard = { shrink = "150%" }', '4:20: guard.shrink needs a share such as "50%".'],
    ['notify = { on = ["failed"] }', '4:18: notify.on[1] must be one of "start", "success"'],
    [
      'options = { volsize = 99999999999999999999 }',
      "4:13: options.volsize is wrong: --volsize needs a whole number, not '99999999999999999999'.",
    ],
    ['options = { volsize = 0 }', '4:13: options.volsize is wrong: --volsize must be at least 1, not 0.'],
    ['options = { volsize = [1, 2] }', '4:13: options.volsize takes one value, not several.'],
    ['options = { volsize = true }', '4:13: options.volsize needs a text or a number.'],
    ['options = { copy-links = "yes" }', '4:13: options.copy-links is a switch: it needs true or false.'],
    ['options = { force = true }', '4:13: options.force belongs to one run, not to a profile.'],
    ['options = { help = true }', '4:13: options.help belongs to one run'],
    [
      'options = { webdav-headers = "Authorization,x" }',
      '4:13: options.webdav-headers would put a secret into the file',
    ],
    [
      'options = { include = "/x" }',
      '4:23: options.include is a rule whose place among the others matters. Write the list include.',
    ],
    ['options = { include-regexp = "x" }', 'Write it in select, as { include-regexp = ... }.'],
    [
      'options = { exclude-filelist = "/nowhere/x" }',
      '4:13: options.exclude-filelist is wrong: Error opening file /nowhere/x',
    ],
    ['keys.sign-with = "me"', '4:18: keys.sign-with is wrong: The sign key must be'],
    ['full = { when-older-than = "soon" }', '4:28: full.when-older-than is wrong: Bad time string'],
    ['options = { s3-use-ia = true, s3-use-rrs = true }', '4:11: Only one of --s3-use-rrs'],
    // What cannot be said together.
    ['keys = { encrypt = false, encrypt-to = ["A"] }', '4:40: keys.encrypt-to has no meaning with encrypt = false.'],
    [
      'keys = { encrypt-to = ["A"] }\noptions = { encrypt-key = "B" }',
      'options has encrypt-key, and there is keys.encrypt-to, too. Say it once.',
    ],
    ['exclude = []\nselect = []', 'exclude and select do not go together.'],
    ['keep = { daily = 0 }', '4:8: keep keeps nothing.'],
    ['schedule = { at = "03:00" }', '4:1: schedule lacks every'],
    ['schedule = { every = "6h", at = "03:00" }', '4:33: schedule.at needs every to be whole days.'],
    ['schedule = { every = "1D", at-latest = "1h" }', 'schedule.at-latest must be at least every.'],
    ['schedule = { every = "1h", spread = "2h" }', 'schedule.spread must be shorter than every.'],
    ['[[hook]]\nrun = ["a"]', '4:3: hook[1] needs before or after, one of them.'],
    ['[[hook]]\nbefore = "run"\nsh = "a"\nrun = ["a"]', '4:3: hook[1] needs run or sh, one of them.'],
    ['[dump.x]\nrun = ["a"]\npath = "../x"', '6:8: dump.x.path must be a path below the root'],
    // What selects nothing.
    [
      'exclude = ["node_modules"]',
      'exclude[1]: The pattern node_modules (exclude) cannot match anything below the source /home/me. To match it everywhere write "**/node_modules".',
    ],
    [
      'exclude = ["/home/me"]\nroot = "/"',
      '2:12: include[1] "/home/me" would be left out by --exclude /home/me. exclude wins over include',
    ],
    ['exclude = ["/home/"]\nroot = "/"', '2:12: include[1] "/home/me" would be left out by --exclude /home/.'],
    ['exclude-add = ["**/me"]\nroot = "/home"', '2:12: include[1] "/home/me" would be left out by --exclude **/me.'],
    ['select = ["x"]', '4:11: select[1] is no rule. Write "+ PATTERN" to include, "- PATTERN" to exclude.'],
    ['select = ["+ /home/me/x"]', '4:10: The last selection condition (--include /home/me/x) only includes files'],
    ['select = [{ volsize = 3 }]', '4:11: --volsize is no rule of selection. Write it in options.'],
    [
      'select = [{ exclude-regxp = "x" }]',
      '4:13: select[1] has no "exclude-regxp": the command line has no such option. Is exclude-regexp meant?',
    ],
    ['root = "/var"', '2:12: include[1] "/home/me" does not lie in root "/var".'],
  ])('%s', (line, expected) => {
    expect(at.failure(`${START}${WHERE}${line}\n`)).toContain(expected);
  });

  test.each([
    ['include = ["x"]', '2:12: include[1] "x" is no absolute path. Runs may start in any directory'],
    ['include = ["/home/*"]', '2:12: include[1] "/home/*" is a pattern. include takes paths.'],
    ['include = ["/a/../b"]', '2:12: include[1] "/a/../b" holds "..".'],
    ['include = ["$NOWHERE/x"]', '2:12: include[1] "$NOWHERE/x" needs $NOWHERE, which is not set.'],
    ['include = []', '2:1: The profile lacks include: what is to be backed up?'],
    ['include = [{ base46 = "x" }]', '2:14: "base46" is no key of include[1]. Is base64 meant?'],
  ])('%s', (line, expected) => {
    expect(at.failure(`${START}${line}\nto = "file:///x"\n`)).toContain(expected);
  });

  test.each([
    [
      'to = "cluod"\n[store.cloud]\nurl = "file:///x"',
      '3:6: to names "cluod", which is neither a URL nor a store of this profile. Is "cloud" meant?',
    ],
    ['to = "/mnt/backup"', 'A directory of this machine is file:///mnt/backup.'],
    ['to = "sftpp://u@h/x"', '3:6: to: there is no sftpp://. Is sftp:// meant?'],
    ['to = "file://backup"', '3:6: to: file://backup is relative'],
    ['to = "file://~/backup"', '~ is not replaced in URLs.'],
    ['to = ["file:///a", "file:///a"]', '3:20: to names file:///a twice.'],
    ['to = "x"\n[store.x]', '4:8: store.x lacks url: where is it?'],
    [
      'to = "x"\n[store.x]\nurl = "file:///x"\npassword = { env = "P" }',
      '6:1: store.x.password has no meaning: file:// takes none.',
    ],
    [
      'to = "x"\n[store.x]\nurl = "sftp://h/x"\nuser = "me"',
      '6:1: store.x.user has no meaning: the user of sftp:// stands in the URL.',
    ],
    [
      'to = "x"\n[store.x]\nurl = "file:///x"\noptions = { exclude-device-files = true }',
      '6:11: --exclude-device-files of one store would make it another backup',
    ],
    ['', '1:1: The profile lacks to: where does the backup go?'],
    ['[store.x]\nurl = "file:///x"', 'Write to = "x".'],
  ])('%s', (line, expected) => {
    expect(at.failure(`${START}include = ["/home/me"]\n${line}\n`)).toContain(expected);
  });

  test('all of it at once, from top to bottom', () => {
    const text =
      'include = ["x"]\nexlude = []\nto = "y"\nkeep = { dayly = 3 }\noptions = { volsize = "x", copy-link = true }\n[schedule]\nat = 3\n';
    const problems = at
      .failure(START + text)
      .split('\n')
      .map((line) => /^p\.toml:(\d+:\d+)/.exec(line)?.[1]);
    expect(problems).toEqual(['2:12', '3:1', '4:6', '5:10', '6:13', '6:28', '7:2', '8:6']);
  });

  test('the version is asked for, and a later one is refused', () => {
    expect(at.failure(WHERE)).toContain('p.toml:1:1: The profile lacks version: it must be 1');
    expect(at.failure(`version = 2\n${WHERE}`)).toContain(
      'p.toml:1:11: version must be 1; a later version needs a later program.',
    );
  });
});

test('a problem has its place for programs', () => {
  at.put(`${START}exlude = []\n${WHERE}`);
  const error = (() => {
    try {
      return loadProfile('p', at.around());
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error instanceof ProfileError && error.problems).toMatchObject([
    { at: { line: 2, column: 1 }, hint: 'Is exclude meant?' },
  ]);
});
