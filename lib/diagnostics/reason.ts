/** What the system's error codes mean, and what to do where that is the same everywhere. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory; name a file',
  ENOTDIR: 'a part of the path is not a directory',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the disk quota is used up',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its symbolic links lead in a circle',
  EMFILE: 'too many files are open; raise the limit (ulimit -n)',
  ENXIO: 'nobody has opened its other end, or there is no such device',
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'this machine has no such address; give one of its own, or none for all',
  ENOTFOUND: 'the name has no address; give an address of this machine',
  EAI_AGAIN: 'the name cannot be looked up now; give an address of this machine',
}

/** Why a call of the system failed, in words of one line; for other errors their message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, message } = error as NodeJS.ErrnoException
  return (code === undefined ? undefined : REASONS[code]) ?? message.split('\n')[0]!
}
