declare module 'fs-native-extensions' {
  /**
   * Takes an exclusive lock on the whole open file, at once or not at all. It belongs to the open file, not to the
   * process, and goes with it. On POSIX systems it excludes, and is excluded by, `fcntl` record locks.
   */
  export function tryLock(fd: number): boolean;
}
