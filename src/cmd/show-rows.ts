/** The facts above a conversation on a terminal: a name and a value on a line. Pure. */

import { safe } from './text.ts'

/** Name and value; the session's own row comes first. */
export type Rows = readonly (readonly [string, string])[]

/** The title stands below the session's id. */
export function titledRows(title: string | null, [session, ...others]: Rows): string {
  const rows = [...(session ? [session] : []), ['title', title ?? '-'] as const, ...others]
  return rows.map(([name, value]) => `${name.padEnd(8)} ${safe(value)}\n`).join('')
}
