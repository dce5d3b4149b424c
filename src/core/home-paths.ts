/** Home folders in texts and rows, which tell who somebody is. Pure. */

/**
 * Every home folder becomes `~`: this machine's, and whatever looks like one of others. In JSON too, which stays JSON. Names of folders
 * that Claude Code makes of such paths lose them as well.
 */
export function withoutHomes(text: string, ownHome: string): string {
  const own = ownHome.length > 1 ? [ownHome, JSON.stringify(ownHome).slice(1, -1)] : []
  const foreign = text
    .replace(/(?<![\w])[A-Za-z]:(\\{1,4}|\/)Users\1(?:[\w.@+-][\w.@+ -]{0,60}(?=\1)|[\w.@+-]+)/g, '~')
    .replace(/(?<![\w.~-])\/(?:home|Users)\/[\w.@+-]+/g, '~')
    .replace(/(?<=projects(?:\/|\\{1,4}))(?:[A-Za-z]-)?-(?:home|Users)-[A-Za-z0-9]+(?=-|\b)/g, '~')
  return own.reduce((left, home) => withoutOne(left, home), foreign)
}

/** As a whole folder: `/root` is not in `/rooted`. */
function withoutOne(text: string, home: string): string {
  let out = ''
  let from = 0
  for (let at = text.indexOf(home); at !== -1; at = text.indexOf(home, at + 1)) {
    const after = text.charAt(at + home.length)
    if (/[\w.-]/.test(after) || /[\w.~-]/.test(text.charAt(at - 1))) continue
    out += `${text.slice(from, at)}~`
    from = at + home.length
  }
  return out + text.slice(from)
}
