/** A commit: what it changed, beside the part of each conversation that led to it. */

import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { WithNotes } from '../../core/browse.ts'
import type { BrowsedDiff, BrowsedPart, ChangedFile } from '../../core/browse-commit.ts'
import type { BrowsedConversation } from '../../core/browse-session.ts'
import { Diff } from '../conversation/diff.tsx'
import { SettingsContext } from '../conversation/settings.ts'
import { ask, type Problem, problemOf } from './api.ts'
import { howOf } from './commits.tsx'
import { Link } from './navigation.tsx'
import { Loading, ProblemNote } from './problem.tsx'
import { type Reader, ReaderBar, Talk, useReader } from './reader.tsx'
import { commitAddress, fileAddress, sessionAddress } from './routes.ts'
import { type Part, spotParams } from './talk.ts'
import { useAsk } from './use-ask.ts'
import { cleanLine, minuteOf, plural, shortCommit, shortId } from './words.ts'

type Answer = BrowsedDiff & WithNotes

export function CommitView({ commit }: { readonly commit: string }): JSX.Element {
  const { answer, problem } = useAsk<Answer>('commit', { oid: commit })
  useEffect(() => {
    document.title = cleanLine(answer?.subject ?? '') || `Commit ${shortCommit(commit)}`
  }, [answer])
  if (!answer) return problem ? <ProblemNote problem={problem} /> : <Loading what="the commit" />
  return <Opened of={answer} />
}

function Opened({ of }: { readonly of: Answer }): JSX.Element {
  const { parts, problem, isLoading } = useParts(of.parts)
  const reader = useReader(parts)
  return (
    <div class="commit-view">
      <header class="commit-head">
        <h1>{cleanLine(of.subject) || 'No subject'}</h1>
        <p class="quiet">
          <code>{shortCommit(of.commit)}</code> {cleanLine(of.author)} · {minuteOf(of.authored)}
          {of.parents[0] && (
            <>
              {' · after '}
              <Link to={commitAddress(of.parents[0])}>{shortCommit(of.parents[0])}</Link>
            </>
          )}
        </p>
        <Body message={of.message} />
        {of.notes.map((note) => (
          <p key={note} class="quiet">
            {note}
          </p>
        ))}
        <ReaderBar reader={reader} />
      </header>
      <div class="beside-columns">
        <section class="column" aria-label="What led to it">
          <h2 class="column-title">What led to it</h2>
          {of.parts.length === 0 && (
            <p class="quiet">
              No session that is known here is tied to this commit. To tie one:{' '}
              <code>git teleport attach &lt;session&gt; {shortCommit(of.commit)}</code>
            </p>
          )}
          {of.parts.map((part, at) => (
            <PartNote key={at} of={part} />
          ))}
          {problem && <ProblemNote problem={problem} />}
          {isLoading && <Loading what="the conversation" />}
          {parts.length > 0 && <Talk reader={reader} heads={parts.length > 1 ? 'part' : 'none'} />}
        </section>
        <section class="column" aria-label="What it changed">
          <h2 class="column-title">What it changed</h2>
          <Changes of={of} reader={reader} />
        </section>
      </div>
    </div>
  )
}

function Body({ message }: { readonly message: string }): JSX.Element | null {
  const [, ...rest] = message.split('\n')
  const body = rest.map(cleanLine).join('\n').trim()
  return body === '' ? null : <p class="commit-body">{body}</p>
}

const missingWords: Readonly<Record<Exclude<BrowsedPart['missing'], null>, string>> = {
  sealed: 'It is there, and you are not among its readers.',
  'not-here': 'Its conversation is not here: git teleport fetch',
  message: 'Its link names no message of the conversation.',
}

function PartNote({ of }: { readonly of: BrowsedPart }): JSX.Element {
  const name = cleanLine(of.title ?? '') || shortId(of.session)
  return (
    <p class="part-note">
      {of.readable ? (
        <Link to={sessionAddress(of.session)}>{name}</Link>
      ) : (
        <span>session {shortId(of.session)}</span>
      )}{' '}
      <span class="quiet-inline">
        {howOf(of)}
        {of.author === '' ? '' : ` · ${cleanLine(of.author)}`}
      </span>
      {of.missing !== null && <span class="part-missing">{missingWords[of.missing]}</span>}
    </p>
  )
}

interface Parts {
  readonly parts: readonly Part[]
  readonly problem: Problem | null
  readonly isLoading: boolean
}

/** Their conversations, once they are all there: the places of pages depend on those before. */
function useParts(wanted: readonly BrowsedPart[]): Parts {
  const [state, setState] = useState<Parts>({ parts: [], problem: null, isLoading: wanted.length > 0 })
  useEffect(() => {
    const leaving = new AbortController()
    Promise.all(wanted.map((part) => openPart(part, leaving.signal))).then(
      (found) => setState({ parts: found.flat(), problem: null, isLoading: false }),
      (error: unknown) => {
        if (!leaving.signal.aborted) setState({ parts: [], problem: problemOf(error), isLoading: false })
      },
    )
    return () => leaving.abort()
  }, [wanted])
  return state
}

async function openPart(
  { session, place, rows, title }: BrowsedPart,
  signal: AbortSignal,
): Promise<readonly Part[]> {
  if (place === null) return []
  const spot = { session, place, rows }
  const told = await ask<BrowsedConversation>('conversation', spotParams(spot), signal)
  return [{ spot, title: cleanLine(title ?? '') || shortId(session), told }]
}

/** So many files are unfolded from the beginning. */
const unfoldedFiles = 12

function Changes({ of, reader }: { readonly of: Answer; readonly reader: Reader }): JSX.Element {
  const { files, more } = of.diff
  const sum = useMemo(() => sumOf(files), [files])
  return (
    <SettingsContext.Provider value={reader.settings}>
      <p class="quiet">
        {plural(files.length + more, 'file')}, <span class="added-count">+{sum.added}</span>{' '}
        <span class="removed-count">−{sum.removed}</span>
      </p>
      {files.map((file, at) => (
        <Change key={file.path} of={file} commit={of.commit} isOpen={at < unfoldedFiles} />
      ))}
      {more > 0 && <p class="quiet">and {plural(more, 'file')} more</p>}
    </SettingsContext.Provider>
  )
}

function sumOf(files: readonly ChangedFile[]) {
  const sum = (key: 'added' | 'removed') => files.reduce((all, file) => all + (file[key] ?? 0), 0)
  return { added: sum('added'), removed: sum('removed') }
}

interface ChangeProps {
  readonly of: ChangedFile
  readonly commit: string
  readonly isOpen: boolean
}

function Change({ of, commit, isOpen }: ChangeProps): JSX.Element {
  const [open, setOpen] = useState(isOpen)
  const { path, oldPath, status, added, hunks, cut } = of
  const diff = useMemo(() => ({ path: cleanLine(path), hunks }), [of])
  const about = oldPath === null ? status : `${status} from ${cleanLine(oldPath)}`
  return (
    <details class="change" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <span class="change-path">{cleanLine(path)}</span>{' '}
        <span class="quiet-inline">
          {about}
          {added === null ? ', not text' : ''}
        </span>
      </summary>
      {open && (
        <>
          {hunks.length > 0 && <Diff diff={diff} />}
          {hunks.length === 0 && <p class="quiet">There are no lines to show.</p>}
          {cut && <p class="quiet">There is more than is shown.</p>}
          {status !== 'deleted' && (
            <p class="change-more">
              <Link to={fileAddress(path, commit)}>Where its lines come from</Link>
            </p>
          )}
        </>
      )}
    </details>
  )
}
