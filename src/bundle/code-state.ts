/** `worktree/state.json`: which commit a session was pushed at, and where its index and work tree lie. Pure. */

import { TeleportError } from '../errors.ts'
import type { CodeState } from '../model.ts'
import { label, oid } from './fields.ts'
import { checkFormat, memberOf, parseJson } from './json.ts'
import { check, integer, list, nullable, object, oneOf, refine, type Shape } from './shape.ts'

const what = 'worktree/state.json'
const maxBytes = 1024 * 1024

/** The logical names that hold the code of a session. */
export const codeNames = {
  state: what,
  commits: 'worktree/commits.bundle',
  changes: 'worktree/changes.bundle',
} as const

/** The largest part of a bundle that is about code, whatever its sender's limit was. */
export const maxCodeBytes = 1024 * 1024 * 1024

const shape: Shape<CodeState> = refine(
  object({
    format: oneOf(1),
    head: oid,
    branch: nullable(label),
    upstream: nullable(label),
    needs: list(oid, 10_000),
    index: nullable(oid),
    worktree: nullable(oid),
    intent: nullable(oid),
    counts: object({
      commits: integer(0),
      staged: integer(0),
      unstaged: integer(0),
      untracked: integer(0),
    }),
  }),
  (state) => {
    if ((state.index === null) !== (state.worktree === null)) return 'has an index or a work tree only'
    if (state.intent !== null && state.index === null) return 'has intentions without an index'
    const ids = [state.head, ...state.needs, state.index, state.worktree, state.intent]
    const lengths = new Set(ids.flatMap((id) => (id === null ? [] : [id.length])))
    return lengths.size === 1 ? undefined : 'has ids of two kinds'
  },
)

/** Throws `bug` for a state that `parseCodeState` would refuse. */
export function encodeCodeState(state: CodeState): Uint8Array {
  return Buffer.from(`${JSON.stringify(check(shape, state, 'the code state', 'bug'), null, 1)}\n`)
}

/** Throws `damaged-bundle`, `format-too-new`, `format-too-old`. Unknown members are left out. */
export function parseCodeState(bytes: Uint8Array): CodeState {
  if (bytes.length > maxBytes) throw new TeleportError('damaged-bundle', `${what} has ${bytes.length} bytes`)
  const value = parseJson(bytes, what)
  checkFormat(memberOf(value, 'format'), what)
  return check(shape, value, what, 'damaged-bundle')
}
