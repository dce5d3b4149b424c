/** What the page may ask, read out of the address of a request: names and numbers, never a path of the file system. Pure. */

import { isOid, isSessionId, type Oid, type SessionId } from '../model.ts'

/** Which copy of a session, and which of its rows; no rows: all. */
export interface Spot {
  readonly session: SessionId
  readonly place: 'here' | 'remote' | null
  readonly rows: readonly [number, number] | null
}

export type Question =
  | { readonly kind: 'overview'; readonly fetch: boolean }
  | ({ readonly kind: 'conversation' } & Spot)
  | ({ readonly kind: 'page'; readonly page: number } & Spot)
  | ({ readonly kind: 'find'; readonly words: string } & Spot)
  | { readonly kind: 'commit'; readonly commit: Oid }
  | { readonly kind: 'history'; readonly after: Oid | null }
  | { readonly kind: 'files'; readonly revision: Oid | null }
  | { readonly kind: 'file'; readonly file: string; readonly revision: Oid | null }

/** Watched until the page goes away. */
export interface Watch {
  readonly kind: 'events'
  /** Besides the list: the local transcript of this session. */
  readonly session: SessionId | null
}

const longestPath = 4096
const longestWords = 500
const largestRow = 100_000_000

/** Undefined for what is no question. `path` begins behind `/api/`. */
export function readQuestion(path: string, query: URLSearchParams): Question | Watch | undefined {
  const oid = optionalOid(query.get(path === 'history' ? 'after' : 'rev'))
  switch (path) {
    case 'overview':
      return { kind: 'overview', fetch: query.get('fetch') === '1' }
    case 'conversation':
    case 'page':
    case 'find':
      return readSpotQuestion(path, query)
    case 'commit': {
      const commit = query.get('oid') ?? ''
      return isOid(commit) ? { kind: 'commit', commit } : undefined
    }
    case 'history':
      return oid === undefined ? undefined : { kind: 'history', after: oid }
    case 'files':
      return oid === undefined ? undefined : { kind: 'files', revision: oid }
    case 'file': {
      const file = query.get('path') ?? ''
      if (oid === undefined || file === '' || file.length > longestPath || file.includes('\0'))
        return undefined
      return { kind: 'file', file, revision: oid }
    }
    case 'events': {
      const session = query.get('session')
      if (session !== null && !isSessionId(session)) return undefined
      return { kind: 'events', session }
    }
    default:
      return undefined
  }
}

function readSpotQuestion(
  kind: 'conversation' | 'page' | 'find',
  query: URLSearchParams,
): Question | undefined {
  const session = query.get('session') ?? ''
  const place = query.get('place')
  const rows = readRows(query.get('rows'))
  if (!isSessionId(session) || rows === undefined) return undefined
  if (place !== null && place !== 'here' && place !== 'remote') return undefined
  const spot: Spot = { session, place, rows }
  if (kind === 'conversation') return { kind, ...spot }
  if (kind === 'find') {
    const words = query.get('words') ?? ''
    return words === '' || words.length > longestWords ? undefined : { kind, words, ...spot }
  }
  const page = numberIn(query.get('page') ?? '')
  return page === undefined ? undefined : { kind, page, ...spot }
}

/** `12-80`; null where nothing is said, undefined for anything else. */
function readRows(text: string | null): readonly [number, number] | null | undefined {
  if (text === null) return null
  const [from, to, ...more] = text.split('-').map(numberIn)
  return from === undefined || to === undefined || more.length > 0 || from > to ? undefined : [from, to]
}

function numberIn(text: string): number | undefined {
  if (!/^\d{1,9}$/.test(text)) return undefined
  const number = Number(text)
  return number <= largestRow ? number : undefined
}

/** Null where nothing is said, undefined for what is no full id. */
function optionalOid(text: string | null): Oid | null | undefined {
  if (text === null) return null
  return isOid(text) ? text : undefined
}
