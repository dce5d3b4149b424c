/** What a scan remembers between runs, and its parser. Pure. */

import { isBackupName } from './relocation.ts'

export interface Scan {
  /** Bytes seen: the scan goes on from here. Always behind a line feed. */
  readonly scannedTo: number
  /** Launch folder: `cwd` of the first row that has one. */
  readonly cwd: string | null
  /** Where it goes on: `cwd` of the newest row that has one. */
  readonly lastCwd: string | null
  /** Version of the client that wrote the newest row. */
  readonly client: string | null
  /** The title people know it by: given, else made up by the client, else a summary, else the first prompt. */
  readonly title: string | null
  readonly titleFrom: 'prompt' | 'summary' | 'ai' | 'custom' | null
  /** Branch of the newest row that names one. */
  readonly branch: string | null
  /** User and assistant rows of the main conversation. */
  readonly messages: number
  /** uuid of the last of them. */
  readonly lastMessage: string | null
  /** One line each, at most 120 characters. */
  readonly firstPrompt: string | null
  readonly lastPrompt: string | null
  /** Names that plans are filed under. */
  readonly slugs: readonly string[]
  /** Paths of plans that rows name. */
  readonly planFiles: readonly string[]
  /** Checkpoint name to the absolute path of the tracked file, where the name holds that path's hash. */
  readonly tracked: Readonly<Record<string, string>>
}

/** More than any honest session has; a hostile one shall not grow the state file. */
export const mostNames = 200
export const mostTracked = 20_000

export const emptyScan: Scan = {
  scannedTo: 0,
  cwd: null,
  lastCwd: null,
  client: null,
  title: null,
  titleFrom: null,
  branch: null,
  messages: 0,
  lastMessage: null,
  firstPrompt: null,
  lastPrompt: null,
  slugs: [],
  planFiles: [],
  tracked: {},
}

/** A scan from a state file; `null` when it is not one, which costs a scan from the beginning. */
export function parseScan(value: unknown): Scan | null {
  if (typeof value !== 'object' || value === null) return null
  const record = new Map<string, unknown>(Object.entries(value))
  const scannedTo = count(record.get('scannedTo'))
  const messages = count(record.get('messages'))
  const tracked = parseTracked(record.get('tracked'))
  const titleFrom = record.get('titleFrom')
  const [slugs, planFiles] = [names(record.get('slugs')), names(record.get('planFiles'))]
  if (scannedTo === null || messages === null || !tracked || !slugs || !planFiles) return null
  const text = (key: string) => {
    const found = record.get(key)
    return typeof found === 'string' ? found : null
  }
  return {
    scannedTo,
    cwd: text('cwd'),
    lastCwd: text('lastCwd'),
    client: text('client'),
    title: text('title'),
    titleFrom: isTitleSource(titleFrom) ? titleFrom : null,
    branch: text('branch'),
    messages,
    lastMessage: text('lastMessage'),
    firstPrompt: text('firstPrompt'),
    lastPrompt: text('lastPrompt'),
    slugs,
    planFiles,
    tracked,
  }
}

const count = (value: unknown) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null

const isTitleSource = (value: unknown): value is NonNullable<Scan['titleFrom']> =>
  value === 'prompt' || value === 'summary' || value === 'ai' || value === 'custom'

function names(value: unknown): readonly string[] | null {
  if (!Array.isArray(value) || value.length > mostNames) return null
  const items: unknown[] = value
  return items.every((item) => typeof item === 'string') ? items : null
}

function parseTracked(value: unknown): Readonly<Record<string, string>> | null {
  if (typeof value !== 'object' || value === null) return null
  const pairs = Object.entries(value).filter(
    (pair): pair is [string, string] => isBackupName(pair[0]) && typeof pair[1] === 'string',
  )
  return pairs.length <= mostTracked ? Object.fromEntries(pairs) : null
}
