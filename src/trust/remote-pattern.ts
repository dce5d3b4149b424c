/** Whether a remote's URL is one that a policy allows. Pure. */

/** `*` stands for any text. Names and passwords in a URL are not looked at. */
export function matchesRemote(pattern: string, url: string): boolean {
  const plain = plainUrl(url)
  return plain !== null && matchesPlain(pattern, plain)
}

/**
 * Whether a target, named without its user, is one that a policy allows. `here` stands for this machine and its folders.
 * Machine and path are held to their own parts of the pattern: a `*` in front of a domain is no text with a slash in it.
 */
export function matchesTarget(pattern: string, place: string): boolean {
  if (goesUp(place)) return false
  const [machine, path] = machineAndPath(place)
  if (machine === '' && pattern === 'here') return true
  const [machines, paths] = machineAndPath(pattern === '*' && machine !== '' ? '*://*' : pattern)
  return matchesPlain(machines, machine) && (paths === '' ? machine !== '' : matchesPlain(paths, path))
}

function machineAndPath(text: string): readonly [string, string] {
  const [, machine = '', path = ''] = /^([a-z*]+:\/\/[^/]*)?(.*)$/s.exec(text) ?? []
  return [machine, path]
}

function matchesPlain(pattern: string, plain: string): boolean {
  const [start = '', ...parts] = pattern.split('*')
  const end = parts.pop()
  if (end === undefined) return plain === start
  if (!plain.startsWith(start)) return false
  // The first place that fits leaves the most for what follows: no need to try another one.
  let at = start.length
  for (const part of parts) {
    const found = plain.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return plain.length - end.length >= at && plain.endsWith(end)
}

/**
 * As the server gets to see it. Null when a path goes up again: what a pattern says about its beginning would mean
 * nothing.
 */
function plainUrl(url: string): string | null {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(url) ?? []
  if (scheme === undefined) return goesUp(url) ? null : url
  try {
    const { host, pathname } = new URL(`http://${rest}`)
    // Passwords and names go, since `https://allowed.org@evil.org/` is at evil.org.
    return goesUp(rest) || goesUp(decodeURIComponent(pathname))
      ? null
      : `${scheme.toLowerCase()}://${host}${pathname}`
  } catch {
    // file:///path and the like have no host.
    return scheme.toLowerCase() === 'file' && !goesUp(rest) ? url : null
  }
}

function goesUp(text: string): boolean {
  return /(?:^|[/\\:])\.\.(?:[/\\]|$)/.test(text)
}
