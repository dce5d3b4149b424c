/** `--redact`: what a reading hands on to people outside of the team: without secrets, and without who and where. */

import { randomBytes } from 'node:crypto'
import { collectKnownValues } from '../redact/local-values.ts'
import { createRedactor, type Redactor } from '../redact/redactor.ts'
import { maxRowBytes } from '../review/row.ts'
import { withoutHomes } from './home-paths.ts'
import type { LocalSession } from './local-reading.ts'
import type { LoggedCommit } from './log.ts'
import type { Reading } from './reading.ts'
import type { ShownHead } from './show.ts'
import type { ShownPart } from './show-commit.ts'
import { withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

/** Every text that it gives back has been looked through as a push to others would. Best effort. */
export interface Sharing {
  session(shown: ShownHead): ShownHead
  local(shown: LocalSession): LocalSession
  commit(commit: LoggedCommit): LoggedCommit
  part(part: ShownPart): ShownPart
  /** Its lines throw `secret-found` for what cannot be looked through. */
  reading(reading: Reading): Reading
  /** How many things were taken out so far, by rule. */
  counts(): ReadonlyMap<string, number>
}

/** For whoever may read everything. */
export const shareAsItIs: Sharing = {
  session: (shown) => shown,
  local: (shown) => shown,
  commit: (commit) => commit,
  part: (part) => part,
  reading: (reading) => reading,
  counts: () => new Map(),
}

/** With the secrets that this machine knows of itself and the project. */
export async function shareOutside(
  world: World,
  options: { readonly remote?: string | undefined; readonly offline?: boolean },
): Promise<Sharing> {
  const redactor = await withWorkspace(world, options, async ({ repo }) =>
    createRedactor({
      knownValues: await collectKnownValues({
        env: world.env,
        home: world.home,
        folders: [repo.top, world.cwd],
      }),
      hmacKey: randomBytes(32),
    }),
  )
  const counts = new Map<string, number>()
  const found = (rule: string) => void counts.set(rule, (counts.get(rule) ?? 0) + 1)
  const home = (text: string) => withoutHomes(text, world.home)
  const text = (plain: string) => {
    const redacted = redactor.redactText(plain)
    for (const rule of redacted.rules) found(rule)
    return home(redacted.text)
  }
  const title = (plain: string | null) => (plain === null ? null : text(plain))
  const clean = (line: Uint8Array) => redactedLine(line, redactor, found, home)
  return {
    session: (shown) => ({
      ...shown,
      title: title(shown.title),
      from: { principal: '', host: '', root: '' },
      signedBy: { ...shown.signedBy, principal: null },
      readers: [],
    }),
    local: (shown) => ({ ...shown, title: title(shown.title), branch: title(shown.branch), cwd: null }),
    commit: (commit) => ({
      ...commit,
      subject: text(commit.subject),
      author: '',
      sessions: commit.sessions.map((each) => ({ ...each, title: title(each.title), author: '' })),
    }),
    part: (part) => ({ ...part, title: title(part.title), author: '' }),
    reading: ({ lines, agents, roots, range }) => ({
      lines: () => mapLines(lines(), clean),
      agents: {
        size: agents.size,
        get(call) {
          const open = agents.get(call)
          return open && (() => mapLines(open(), clean))
        },
      },
      roots: roots.map(home),
      range,
    }),
    counts: () => counts,
  }
}

async function* mapLines(
  lines: AsyncIterable<Uint8Array>,
  clean: (line: Uint8Array) => Promise<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const line of lines) yield await clean(line)
}

/** Each line stays one, if only a blank one, since parts of a session are named by their lines. */
async function redactedLine(
  line: Uint8Array,
  redactor: Redactor,
  finding: (rule: string) => void,
  home: (text: string) => string,
): Promise<Uint8Array> {
  // Nobody reads more of these than that they are there.
  if (line.byteLength > maxRowBytes) return line
  const chunks: Uint8Array[] = []
  for await (const chunk of redactor.redactPiece('session.jsonl', once(line), { finding })) chunks.push(chunk)
  return Buffer.from(home(Buffer.concat(chunks).toString('utf8')))
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
