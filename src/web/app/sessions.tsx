/** All sessions: filtered by what is typed, by branch, by commit or by age. */

import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { BrowsedProject, WithNotes } from '../../core/browse.ts'
import type { Overview, OverviewSession } from '../../core/browse-overview.ts'
import { ListBadges } from './badges.tsx'
import { filterSessions, type Group, type Grouping, groupSessions } from './filter.ts'
import { step, useKeys } from './keys.ts'
import { Link } from './navigation.tsx'
import { Loading, ProblemNote } from './problem.tsx'
import { commitAddress, sessionAddress } from './routes.ts'
import { useAsk } from './use-ask.ts'
import { ageOf, cleanLine, minuteOf, plural, shortCommit, shortId, sizeOf } from './words.ts'

type Answer = Overview & WithNotes & { readonly project: BrowsedProject }

const groupings: readonly (readonly [Grouping, string])[] = [
  ['newest', 'Newest'],
  ['branch', 'Branch'],
  ['commit', 'Commit'],
]

/** What was chosen last, for the way back from a session. */
const kept: { typed: string; grouping: Grouping } = { typed: '', grouping: 'branch' }

export function SessionsView({ round }: { readonly round: number }): JSX.Element {
  const asked = useAsk<Answer>('overview', {}, round)
  const { answer } = asked
  useEffect(() => {
    document.title = `${answer ? `${answer.project.name}: ` : ''}sessions`
  }, [answer])
  if (!answer)
    return asked.problem ? <ProblemNote problem={asked.problem} /> : <Loading what="the sessions" />
  return (
    <>
      {asked.problem && <ProblemNote problem={asked.problem} />}
      <SessionList answer={answer} isLoading={asked.isLoading} onFetch={() => asked.again({ fetch: '1' })} />
    </>
  )
}

interface ListProps {
  readonly answer: Answer
  readonly isLoading: boolean
  onFetch(): void
}

function SessionList({ answer, isLoading, onFetch }: ListProps): JSX.Element {
  const [typed, setTyped] = useState(kept.typed)
  const [grouping, setGrouping] = useState<Grouping>(kept.grouping)
  const field = useRef<HTMLInputElement>(null)
  kept.typed = typed
  kept.grouping = grouping
  const found = useMemo(() => filterSessions(answer, typed), [answer, typed])
  const groups = useMemo(() => groupSessions(found, answer.commits, grouping), [found, grouping])
  useKeys([
    { key: '/', does: 'Filter', run: () => field.current?.focus() },
    { key: 'Escape', does: 'Leave the filter', run: () => field.current?.blur() },
    { key: 'j', does: 'Next session', run: () => step('.session-link', 1) },
    { key: 'k', does: 'Session before', run: () => step('.session-link', -1) },
    { key: 'Enter', does: 'Open the session', run: () => openFocused() },
  ])
  const { project, sessions, sealed, notes } = answer
  return (
    <div class="list-view">
      <div class="list-head">
        <h1>{cleanLine(project.name)}</h1>
        <p class="quiet" role="status">
          {found.length === sessions.length
            ? plural(sessions.length, 'session')
            : `${found.length} of ${plural(sessions.length, 'session')}`}
          {sealed > 0 && `, ${sealed} more for others`}
          {project.offline ? ', offline' : ` · ${cleanLine(project.remote)}`}
        </p>
        <div class="list-tools">
          <label class="hidden-label" for="filter">
            Filter by title, author, branch, commit, file or id
          </label>
          <input
            id="filter"
            ref={field}
            type="search"
            value={typed}
            placeholder="Filter: title, author, branch, commit, file, id"
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget: { value } }) => setTyped(value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' && event.key !== 'ArrowDown') return
              event.preventDefault()
              document.querySelector<HTMLElement>('.session-link')?.focus()
            }}
          />
          <div class="segments" role="toolbar" aria-label="Grouped by">
            {groupings.map(([key, label]) => (
              <button
                key={key}
                type="button"
                aria-pressed={grouping === key}
                onClick={() => setGrouping(key)}
              >
                {label}
              </button>
            ))}
          </div>
          {!project.offline && (
            <button type="button" class="plain-button" disabled={isLoading} onClick={onFetch}>
              {isLoading ? 'Asking…' : 'Ask the remote'}
            </button>
          )}
        </div>
      </div>
      {notes.map((note) => (
        <p key={note} class="quiet">
          {note}
        </p>
      ))}
      {sessions.length === 0 && <Nothing />}
      {sessions.length > 0 && found.length === 0 && <p class="quiet">No session fits what you typed.</p>}
      {groups.map((group) => (
        <GroupOf key={group.key} group={group} grouping={grouping} commits={answer.commits} />
      ))}
    </div>
  )
}

function openFocused(): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.click()
}

function Nothing(): JSX.Element {
  return (
    <div class="nothing">
      <p>There are no sessions here yet.</p>
      <p class="quiet">
        Start one with <code>claude</code>, and send it with <code>git teleport push</code>.
      </p>
    </div>
  )
}

interface GroupProps {
  readonly group: Group
  readonly grouping: Grouping
  readonly commits: Overview['commits']
}

const firstRows = 100

function GroupOf({ group, grouping, commits }: GroupProps): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? group.sessions : group.sessions.slice(0, firstRows)
  const left = group.sessions.length - shown.length
  const commit =
    group.commit !== null && Object.hasOwn(commits, group.commit) ? commits[group.commit] : undefined
  return (
    <section class="group" aria-label={group.title}>
      {grouping !== 'newest' && (
        <h2 class="group-title">
          {group.commit === null ? group.title : <Link to={commitAddress(group.commit)}>{group.title}</Link>}
          {commit && group.commit && (
            <span class="group-more">
              {shortCommit(group.commit)} · {cleanLine(commit.author)} · {minuteOf(commit.authored)}
            </span>
          )}
        </h2>
      )}
      <ul class="sessions">
        {shown.map((each) => (
          <SessionRow key={each.session} of={each} withBranch={grouping !== 'branch'} />
        ))}
      </ul>
      {left > 0 && (
        <button type="button" class="plain-button" onClick={() => setWhole(true)}>
          Show {left} more
        </button>
      )}
    </section>
  )
}

function SessionRow({
  of,
  withBranch,
}: {
  readonly of: OverviewSession
  readonly withBranch: boolean
}): JSX.Element {
  const { session, title, author, own, host, branch, commits, messages, sizeBytes, updated } = of
  const who = own ? host : author
  const facts = [
    cleanLine(who),
    ...(withBranch && branch !== null ? [cleanLine(branch)] : []),
    ...(messages === null ? [] : [plural(messages, 'message')]),
    sizeOf(sizeBytes),
    ...(commits.length === 0 ? [] : [plural(commits.length, 'commit')]),
  ]
  return (
    <li class="session-row">
      <Link to={sessionAddress(session)} class="session-link">
        <span class="session-title">{cleanLine(title ?? '') || 'No title'}</span>
      </Link>
      <ListBadges of={of} />
      <p class="session-facts">
        <code>{shortId(session)}</code> {facts.join(' · ')}
      </p>
      <time class="session-time" dateTime={updated} title={updated}>
        {ageOf(updated, Date.now())}
      </time>
    </li>
  )
}
