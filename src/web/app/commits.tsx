/** History as git tells it, with the sessions behind each commit. */

import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { WithNotes } from '../../core/browse.ts'
import type { BrowsedHistory } from '../../core/browse-commit.ts'
import type { LoggedCommit, TiedSession } from '../../core/log.ts'
import { ask, type Problem, problemOf } from './api.ts'
import { step, useKeys } from './keys.ts'
import { Link } from './navigation.tsx'
import { Loading, ProblemNote } from './problem.tsx'
import { commitAddress, sessionAddress } from './routes.ts'
import { useAsk } from './use-ask.ts'
import { cleanLine, minuteOf, shortCommit, shortId } from './words.ts'

type Answer = BrowsedHistory & WithNotes

/** What came when older ones were asked for. */
interface Older {
  /** Where the first page ended then. */
  readonly after: string | null
  readonly pages: readonly Answer[]
}

export function CommitsView({ round }: { readonly round: number }): JSX.Element {
  const asked = useAsk<Answer>('history', {}, round)
  const [older, setOlder] = useState<Older>({ after: null, pages: [] })
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    document.title = 'Commits'
  }, [])
  useKeys([
    { key: 'j', does: 'Next commit', run: () => step('.commit-link', 1) },
    { key: 'k', does: 'Commit before', run: () => step('.commit-link', -1) },
  ])
  const { answer } = asked
  if (!answer) return asked.problem ? <ProblemNote problem={asked.problem} /> : <Loading what="the commits" />
  // Behind a first page that ends elsewhere now, there would be a gap.
  const pages = older.after === answer.next ? older.pages : []
  const all = [answer, ...pages]
  const next = all.at(-1)?.next ?? null
  const load = () => {
    ask<Answer>('history', { after: next }).then(
      (found) => {
        setOlder({ after: answer.next, pages: [...pages, found] })
        setProblem(null)
      },
      (error: unknown) => setProblem(problemOf(error)),
    )
  }
  const commits = all.flatMap((each) => each.commits)
  return (
    <div class="list-view">
      <h1>Commits</h1>
      {commits.length === 0 && <p class="quiet">There are no commits yet.</p>}
      <ol class="commits">
        {commits.map((commit) => (
          <CommitRow key={commit.commit} of={commit} />
        ))}
      </ol>
      {problem && <ProblemNote problem={problem} />}
      {next !== null && (
        <button type="button" class="plain-button" onClick={load}>
          Show older ones
        </button>
      )}
    </div>
  )
}

function CommitRow({ of }: { readonly of: LoggedCommit }): JSX.Element {
  return (
    <li class="commit-row">
      <Link to={commitAddress(of.commit)} class="commit-link">
        {cleanLine(of.subject) || 'No subject'}
      </Link>
      <p class="session-facts">
        <code>{shortCommit(of.commit)}</code> {cleanLine(of.author)} · {minuteOf(of.authored)}
      </p>
      <TiedSessions of={of.sessions} />
    </li>
  )
}

function TiedSessions({ of }: { readonly of: readonly TiedSession[] }): JSX.Element | null {
  if (of.length === 0) return null
  return (
    <ul class="tied">
      {of.map((tied) => (
        <li key={tied.session}>
          <TiedLink of={tied} />
        </li>
      ))}
    </ul>
  )
}

const howWords: Readonly<Record<TiedSession['how'], string>> = {
  exact: 'made in it',
  amended: 'amended since',
  rebased: 'rebased since',
  patch: 'the same patch',
  squashed: 'squashed since',
}

export function howOf({ how }: TiedSession): string {
  return howWords[how]
}

function TiedLink({ of }: { readonly of: TiedSession }): JSX.Element {
  if (!of.readable) return <span class="quiet">session {shortId(of.session)}, which is for others</span>
  return (
    <>
      <Link to={sessionAddress(of.session)}>{cleanLine(of.title ?? '') || shortId(of.session)}</Link>{' '}
      <span class="quiet-inline">
        {howOf(of)}
        {of.author === '' ? '' : ` · ${cleanLine(of.author)}`}
      </span>
    </>
  )
}
