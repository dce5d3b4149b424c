/** Lets a person choose a session: what is known of each, and a look into it where that can be had. */

import { findSession, newestCopies, type SessionFile } from '../claude/locate.ts'
import { TeleportError } from '../errors.ts'
import { sessionRef } from '../git-store/refs.ts'
import { type SessionId, silentProgress } from '../model.ts'
import type { Digest } from '../review/digest.ts'
import { fetchedDigest, knownDigest, knownLocalDigest, localDigest } from './digests.ts'
import type { ListedSession } from './list.ts'
import { readRecord } from './records.ts'
import type { Workspace } from './workspace.ts'
import { type Choice, formatTime, type SessionFacts, type SessionLook } from './world.ts'

/** Undefined when nobody is there. */
export async function askForListed(
  ws: Workspace,
  question: string,
  listed: readonly ListedSession[],
): Promise<SessionId | undefined> {
  const chosen = await askForEither(ws, question, listed, [], new Set())
  return typeof chosen === 'string' ? chosen : undefined
}

/** The same of what the remote lists and of other sessions of this machine. Undefined when nobody is there. */
export async function askForEither(
  ws: Workspace,
  question: string,
  listed: readonly ListedSession[],
  files: readonly SessionFile[],
  open: ReadonlySet<SessionId>,
): Promise<SessionId | SessionFile | undefined> {
  const choices: Choice[] = listed.map(listedChoice)
  for (const file of files) choices.push(await localChoice(ws, file, open.has(file.session)))
  const chosen = await ws.world.choose(question, choices, async (value, deep) => {
    const file = files.find(({ session }) => session === value)
    if (file) return lookIntoFile(ws, file, deep)
    return lookIntoListed(ws, listed.find(({ session }) => session === value)?.session, deep)
  })
  const file = files.find(({ session }) => session === chosen)
  return file ?? listed.find(({ session }) => session === chosen)?.session
}

/** Of several copies of a session the newest is meant. Undefined when nobody is there. */
export async function askForLocal(
  ws: Workspace,
  question: string,
  files: readonly SessionFile[],
  open: ReadonlySet<SessionId>,
): Promise<SessionFile | undefined> {
  const newest = [...newestCopies(files).values()]
  const chosen = await askForEither(ws, question, [], newest, open)
  return typeof chosen === 'string' ? undefined : chosen
}

async function localChoice(ws: Workspace, file: SessionFile, isOpen: boolean): Promise<Choice> {
  const { current } = await readRecord(ws, file.session)
  const known = await knownLocalDigest(ws, file)
  const title = known?.title ?? current?.manifest.title ?? null
  const facts: SessionFacts = {
    title,
    author: null,
    host: null,
    branch: known?.branch ?? null,
    commits: [...new Set(current?.manifest.links.map(({ commit }) => commit) ?? [])],
    messages: known?.messages ?? null,
    sizeBytes: file.sizeBytes,
    updated: formatTime(new Date(file.mtimeMs)),
    expires: current?.expires,
    signer: null,
    state: [isOpen ? 'open' : '', current ? `sent, push ${current.seq}` : 'not sent']
      .filter(Boolean)
      .join(', '),
  }
  return { value: file.session, label: `${file.session.slice(0, 8)}  ${title ?? 'no title'}`, about: facts }
}

async function lookIntoFile(ws: Workspace, file: SessionFile, deep: boolean): Promise<SessionLook | null> {
  return (await knownLocalDigest(ws, file)) ?? (deep ? localDigest(ws, file) : null)
}

function listedChoice(each: ListedSession): Choice {
  return { value: each.session, label: labelOf(each), about: about(each) }
}

function labelOf({ session, title, host }: ListedSession): string {
  return `${session.slice(0, 8)}  ${title ?? 'no title'} (${host})`
}

function about(each: ListedSession): SessionFacts {
  const { title, author, host, branch, commits, messages, sizeBytes, updated, expires } = each
  const signer = each.own ? `one of your devices (${each.device})` : `${author}, a member (${each.device})`
  const state = each.live ? 'open here' : each.state === 'new' ? '' : (each.state ?? 'also here')
  return { title, author, host, branch, commits, messages, sizeBytes, updated, expires, signer, state }
}

/** This machine's copy, else what was fetched. What cannot be read has no look. */
async function lookIntoListed(
  ws: Workspace,
  session: SessionId | undefined,
  deep: boolean,
): Promise<SessionLook | null> {
  if (session === undefined) return null
  const [file] = await findSession(ws.claude, session)
  if (file) return lookIntoFile(ws, file, deep)
  const commit = await ws.store.refs.seen(sessionRef(session))
  if (!commit) return null
  const known = await knownDigest(ws, commit)
  if (known || !deep) return known && asLook(known)
  try {
    return asLook(await fetchedDigest(silent(ws), session, commit))
  } catch (error) {
    if (error instanceof TeleportError) return null
    throw error
  }
}

/** A look must not speak, nor ask, while a person is choosing. */
function silent(ws: Workspace): Workspace {
  const askPassphrase = async (what: string): Promise<string> => {
    throw new TeleportError('passphrase-needed', `a passphrase is needed for ${what}`)
  }
  return { ...ws, world: { ...ws.world, progress: silentProgress, note() {}, askPassphrase } }
}

function asLook({ first, last, messages, files }: Digest): SessionLook {
  return { title: null, branch: null, first, last, messages, files }
}
