/** Whether a path in a tree of outside origin may be written into a work tree. Pure. */

/** What HFS+ ignores in a file name, so that it hides in `.git`. */
const ignored = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu

/**
 * Relative, without empty, `.` and `..` steps, and no step that any file system could take for `.git`. git checks the
 * same when it reads the pack and again when it writes; this does not depend on which git it is.
 */
export function isSafeTreePath(path: string): boolean {
  if (path === '' || path.includes('\0') || path.length > 4096) return false
  return path.split('/').every((step) => step !== '' && step !== '.' && step !== '..' && !meansGit(step))
}

function meansGit(step: string): boolean {
  // Windows takes a backslash for a separator, cuts a stream's name at a colon, and drops dots and blanks at the end.
  return step.split('\\').some((part) => {
    const plain = part
      .normalize('NFKC')
      .replace(ignored, '')
      .replace(/:[\s\S]*$/, '')
      .replace(/[. ]+$/, '')
      .toLowerCase()
    return plain === '.git' || /^git~\d+$/.test(plain) || (step.includes('\\') && part === '..')
  })
}
