/** Everything that the local page asks: each question on a workspace of its own, what is dear to open kept in mind. */

import path from 'node:path'
import { clearAbandoned } from '../claude/install.ts'
import { sessionsOfWorktree } from '../claude/locate.ts'
import { projectDirName } from '../claude/project-dir.ts'
import { watchFiles } from '../claude/watch-files.ts'
import { hasCode, stopIfInterrupted, TeleportError } from '../errors.ts'
import { type Oid, type SessionId, silentProgress } from '../model.ts'
import { type BrowsedDiff, type BrowsedHistory, browseCommit, browseHistory } from './browse-commit.ts'
import type { BrowsedSpot, BrowseMemory } from './browse-copy.ts'
import { type BrowsedFile, browseFile, browseFiles } from './browse-file.ts'
import { lookIntoUnknown, type Overview, readOverview } from './browse-overview.ts'
import { fileHere } from './browse-place.ts'
import {
  type BrowsedConversation,
  type BrowsedPage,
  browseConversation,
  browsePage,
} from './browse-session.ts'
import { placeOf } from './browse-target.ts'
import { browseWords, type Found } from './browse-words.ts'
import { createShelf } from './decrypted-shelf.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface BrowseOptions {
  readonly remote?: string | undefined
  /** Asks the remote nothing. */
  readonly offline?: boolean
  /** The policy commit that is accepted at first sight without a question. */
  readonly trustPolicy?: string | undefined
}

export interface BrowsedProject {
  /** Name of the work tree's folder. */
  readonly name: string
  readonly remote: string
  readonly offline: boolean
}

/** What happened, for a page that shows it: the list of sessions is another one, or that session went on. */
export type BrowseEvent =
  | { readonly kind: 'list' }
  | { readonly kind: 'session'; readonly session: SessionId }

/** What is worth knowing besides the answer. */
export interface WithNotes {
  readonly notes: readonly string[]
}

/** Whoever aborts `signal` waits no longer: the question ends where it can, and throws `interrupted`. */
export interface Browsing {
  readonly project: BrowsedProject
  overview(
    options: { readonly fetch: boolean },
    signal?: AbortSignal,
  ): Promise<Overview & WithNotes & { readonly project: BrowsedProject }>
  conversation(spot: BrowsedSpot, signal?: AbortSignal): Promise<BrowsedConversation & WithNotes>
  page(spot: BrowsedSpot, page: number, signal?: AbortSignal): Promise<BrowsedPage>
  find(spot: BrowsedSpot, words: string, signal?: AbortSignal): Promise<Found>
  commit(commit: Oid, signal?: AbortSignal): Promise<BrowsedDiff & WithNotes>
  history(after: Oid | null, signal?: AbortSignal): Promise<BrowsedHistory & WithNotes>
  file(file: string, revision: Oid | null, signal?: AbortSignal): Promise<BrowsedFile & WithNotes>
  files(revision: Oid | null, signal?: AbortSignal): ReturnType<typeof browseFiles>
  /** The page's address of what a person named: a session, a commit, a file, a line. Throws `no-session`. */
  placeOf(wanted: string | undefined): Promise<string>
  /** Tells once at the beginning, for what happened before, and then of each change, until `signal` is aborted. */
  watch(session: SessionId | null, tell: (event: BrowseEvent) => void, signal: AbortSignal): Promise<void>
  /** Forgets what was decrypted. */
  close(): Promise<void>
}

/**
 * Asks the remote once, unless offline, and everything that a person has to be asked. From then on nobody is asked but
 * for the key's passphrase.
 */
export async function openBrowsing(world: World, options: BrowseOptions): Promise<Browsing> {
  const askPassphrase = rememberingAsk(world.askPassphrase)
  const offline = options.offline ?? false
  const memory: BrowseMemory = {
    shelf: createShelf(),
    here: new Map(),
    scans: new Map(),
    tips: new Map(),
    listed: new Map(),
    offline,
  }
  const first = await withWorkspace({ ...world, askPassphrase }, options, async (ws) => {
    // A page that was killed could not forget what it had decrypted.
    await clearAbandoned(ws.claude)
    const overview = await readOverview(ws, { fetch: !offline, memory })
    const project = { name: path.basename(ws.repo.top), remote: ws.remote.name, offline }
    return { overview, project, watched: await watchedFolders(ws) }
  })
  const { project } = first

  /** Nobody is at the page's other end to answer a question. */
  const ask = async <T>(
    work: (ws: Workspace) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T & WithNotes> => {
    const notes: string[] = []
    const quiet: World = {
      ...world,
      signal: signal ? AbortSignal.any([world.signal, signal]) : world.signal,
      askPassphrase,
      progress: silentProgress,
      note: (message) => notes.push(message),
      confirm: refuseToConfirm,
      choose: async () => undefined,
      attended: false,
      show: () => undefined,
    }
    try {
      const answer = await withWorkspace(quiet, options, (ws) => {
        stopIfInterrupted(quiet.signal)
        return work(ws)
      })
      return { ...answer, notes }
    } catch (error) {
      if (hasCode(error, 'wrong-passphrase')) askPassphrase.forget()
      throw error
    }
  }
  const looked = new Map<string, number>()

  return {
    project,
    overview: async ({ fetch }, signal) => ({
      ...(await ask((ws) => readOverview(ws, { fetch: fetch && !offline, memory }), signal)),
      project,
    }),
    conversation: (spot, signal) => ask((ws) => browseConversation(ws, memory, spot), signal),
    page: (spot, page, signal) => ask((ws) => browsePage(ws, memory, spot, page), signal),
    find: (spot, words, signal) => ask((ws) => browseWords(ws, memory, spot, words), signal),
    commit: (commit, signal) => ask((ws) => browseCommit(ws, memory, commit), signal),
    history: (after, signal) => ask((ws) => browseHistory(ws, memory, after), signal),
    file: (file, revision, signal) => ask((ws) => browseFile(ws, memory, file, revision), signal),
    files: (revision, signal) => ask((ws) => browseFiles(ws, revision), signal),
    placeOf: async (wanted) => {
      const named = await ask(async (ws) => ({ place: await placeOf(ws, first.overview, wanted) }), undefined)
      return named.place
    },
    async watch(session, tell, signal) {
      const { transcript } = await ask(
        async (ws) => ({ transcript: session === null ? undefined : await fileHere(ws, session) }),
        signal,
      )
      // One after the other: reading may bring new ones to light, and those who wait need to be told only once. One that
      // waits sees all that changed until it begins; in a large project changes come faster than it is done.
      let looking = Promise.resolve()
      let isWaiting = false
      const look = async () => {
        isWaiting = false
        while (
          !signal.aborted &&
          (await ask(async (ws) => ({ more: await lookIntoUnknown(ws, looked) }), signal)).more
        )
          tell({ kind: 'list' })
      }
      const onList = () => {
        tell({ kind: 'list' })
        if (isWaiting) return
        isWaiting = true
        // What cannot be read is told to whoever asks for the list next.
        looking = looking.then(look).catch((error: unknown) => {
          if (!(error instanceof TeleportError)) throw error
        })
      }
      const watchers = [watchFiles(first.watched, onList, signal)]
      if (session !== null && transcript) {
        const paths = [transcript.path, path.join(transcript.path.replace(/\.jsonl$/, ''), 'subagents')]
        watchers.push(watchFiles(paths, () => tell({ kind: 'session', session }), signal))
      }
      await Promise.all(watchers)
    },
    close: () => memory.shelf.close(),
  }
}

/** Where something changes when sessions are sent, fetched or begun. */
async function watchedFolders(ws: Workspace): Promise<readonly string[]> {
  const refs = ['sessions', 'index'].map((kind) => ws.store.path('refs', 'remote', ws.remote.key, kind))
  const state = ws.store.path('state', ws.remote.key)
  const files = await sessionsOfWorktree(ws.claude, ws.repo.top)
  const folders = new Set([projectDirName(ws.repo.top), ...files.map(({ projectDir }) => projectDir)])
  const projects = [...folders].map((folder) => path.join(ws.claude.config, 'projects', folder))
  const clients = path.join(ws.claude.config, 'sessions')
  return [...refs, ws.store.path('packed-refs'), state, ws.store.path('links'), clients, ...projects]
}

async function refuseToConfirm(question: string): Promise<never> {
  throw new TeleportError('needs-confirmation', `not confirmed: ${question}`, { hint: 'git teleport list' })
}

/** Once is enough, for as long as the page is served; a wrong answer is asked for again. */
function rememberingAsk(ask: World['askPassphrase']): World['askPassphrase'] & { forget(): void } {
  const known = new Map<string, Promise<string>>()
  const remembering = (what: string) => {
    const answer = known.get(what) ?? ask(what)
    known.set(what, answer)
    answer.catch(() => known.delete(what))
    return answer
  }
  return Object.assign(remembering, { forget: () => known.clear() })
}
