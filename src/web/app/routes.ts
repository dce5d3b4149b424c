/** The addresses of the page. Pure. */

export type Route =
  | { readonly view: 'sessions' | 'commits' | 'files' | 'nothing' }
  | { readonly view: 'session'; readonly session: string; readonly place: 'here' | 'remote' | null }
  | { readonly view: 'commit'; readonly commit: string }
  | { readonly view: 'file'; readonly path: string; readonly revision: string | null }

/** `nothing` for an address that is none of ours. */
export function readRoute(pathname: string, search: string): Route {
  const [, head = '', ...rest] = pathname.split('/')
  const [only = '', ...more] = rest
  if (pathname === '/') return { view: 'sessions' }
  if ((head === 'commits' || head === 'files') && rest.length === 0) return { view: head }
  if (head === 'session' && more.length === 0 && /^[0-9a-f-]{36}$/.test(only)) {
    const place = new URLSearchParams(search).get('place')
    return { view: 'session', session: only, place: place === 'here' || place === 'remote' ? place : null }
  }
  if (head === 'commit' && more.length === 0 && isCommit(only)) return { view: 'commit', commit: only }
  if (head === 'file' && only !== '') return readFileRoute(rest.join('/'))
  return { view: 'nothing' }
}

/** In a name `@` is written `%40`, so the last bare one stands before the commit. */
function readFileRoute(text: string): Route {
  const [name = '', revision] = text.split('@')
  if (revision !== undefined && !isCommit(revision)) return { view: 'nothing' }
  try {
    return { view: 'file', path: decodeURIComponent(name), revision: revision ?? null }
  } catch {
    return { view: 'nothing' }
  }
}

function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)
}

export function sessionAddress(session: string, place: 'here' | 'remote' | null = null): string {
  return `/session/${session}${place === null ? '' : `?place=${place}`}`
}

export function commitAddress(commit: string): string {
  return `/commit/${commit}`
}

export function fileAddress(path: string, revision: string | null = null): string {
  const name = path.split('/').map(encodeURIComponent).join('/')
  return `/file/${name}${revision === null ? '' : `@${revision}`}`
}
