/** The text of `--help`. */
export const HELP = `Usage: rdiffdir [OPTIONS] sig DIRECTORY SIGNATURE
       rdiffdir [OPTIONS] delta SIGNATURE... DIRECTORY DELTA
       rdiffdir [OPTIONS] patch DIRECTORY DELTA
       rdiffdir [OPTIONS] tar DIRECTORY ARCHIVE

sig (or signature) writes a signature of a directory; delta what differs from
the state that signatures tell, given oldest first; patch applies a delta; tar
writes everything. Files that are written must not exist; - is standard input
or output.

Options:
  -z, --gzip-compress       Compress what is written. What is read may be
                            compressed in any case.
  --write-sig-to FILE       With delta and tar: write a signature to FILE, too.
  --max-blocksize BYTES     Upper limit of the block size of signatures.
  --ignore-errors           patch goes on past files that cannot be patched.
  --strict                  End with 102 when not everything can be read.
  --null-separator          Lines of file lists end with a zero byte.
  -v, --verbosity LEVEL     How much to tell, from 0 to 9 (default 3).
  -V, --version             Show the version number.
  -h, --help                Show this text.
  --include, --exclude and the other selection options of duplicity.
`;
