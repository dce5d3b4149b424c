/** One session: who vouches for it, what was asked, and the conversation, as it goes on. */

import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { WithNotes } from '../../core/browse.ts'
import type { BrowsedConversation } from '../../core/browse-session.ts'
import type { ViewChapter } from '../../review/view-document.ts'
import { FactList } from '../conversation/conversation.tsx'
import { SessionBadges } from './badges.tsx'
import { Link } from './navigation.tsx'
import { Loading, ProblemNote } from './problem.tsx'
import { ReaderBar, Talk, useReader } from './reader.tsx'
import { type Route, sessionAddress } from './routes.ts'
import { SessionSide } from './session-side.tsx'
import type { Part } from './talk.ts'
import { useAsk } from './use-ask.ts'
import { ageOf, cleanLine, countOf, durationOf, plural, shortCommit, sizeOf } from './words.ts'

type Answer = BrowsedConversation & WithNotes

interface SessionProps {
  readonly route: Route & { readonly view: 'session' }
  readonly round: number
}

export function SessionView({ route, round }: SessionProps): JSX.Element {
  const { session, place } = route
  const asked = useAsk<Answer>('conversation', { session, place }, round)
  const { answer, problem } = asked
  useEffect(() => {
    if (!answer || answer.behindMs === 0) return undefined
    const timer = setTimeout(() => asked.again(), answer.behindMs)
    return () => clearTimeout(timer)
  }, [answer])
  useEffect(() => {
    document.title = cleanLine(answer?.title ?? '') || 'Session'
  }, [answer?.title])
  if (!answer) return problem ? <ProblemNote problem={problem} /> : <Loading what="the conversation" />
  return <Opened of={answer} wanted={place} />
}

function Opened({
  of,
  wanted,
}: {
  readonly of: Answer
  readonly wanted: 'here' | 'remote' | null
}): JSX.Element {
  const parts = useMemo((): readonly Part[] => {
    const spot = { session: of.session, place: of.place, rows: null }
    return [{ spot, title: cleanLine(of.title ?? '') || 'No title', told: of }]
  }, [of])
  const reader = useReader(parts)
  const [isSideOpen, setSideOpen] = useState(false)
  const fresh = useFresh(of.messages)
  return (
    <div class="session-view">
      <SessionSide of={of} reader={reader} isOpen={isSideOpen} onOpen={setSideOpen} />
      <div class="session-main">
        <h1>{parts[0]?.title}</h1>
        <SessionBadges of={of} />
        <FactList facts={factsOf(of)} />
        {of.places.length > 1 && <Places of={of} wanted={wanted} />}
        <ReaderBar reader={reader} />
        {of.problem && <ProblemNote problem={of.problem} />}
        {of.notes.map((note) => (
          <p key={note} class="quiet">
            {note}
          </p>
        ))}
        <Talk reader={reader} heads="none" />
        <Facts of={of} />
        <p class="live-note quiet" role="status">
          {fresh > 0 ? `${plural(fresh, 'new message')}. ` : ''}
          {of.live && of.place === 'here' ? 'The session is open: what comes next appears here.' : ''}
        </p>
      </div>
    </div>
  )
}

/** How many messages came since the page was opened. */
function useFresh(messages: number): number {
  const first = useRef(messages)
  return Math.max(0, messages - first.current)
}

function Places({
  of,
  wanted,
}: {
  readonly of: Answer
  readonly wanted: 'here' | 'remote' | null
}): JSX.Element {
  const now = wanted ?? of.place
  const names = { here: 'This machine’s copy', remote: 'What the remote has' } as const
  return (
    <nav class="segments places" aria-label="Which copy">
      {of.places.map((place) => (
        <Link
          key={place}
          to={sessionAddress(of.session, place)}
          {...(place === now ? { 'aria-current': 'true' } : {})}
        >
          {names[place]}
        </Link>
      ))}
    </nav>
  )
}

function factsOf(of: Answer): ViewChapter['facts'] {
  const { stats, remote } = of
  const files = stats.files.filter(({ writes }) => writes > 0).length
  const rows: (readonly [string, string])[] = [
    ['messages', countOf(of.messages)],
    ...(files > 0 ? [['changed', plural(files, 'file')] as const] : []),
    ...(stats.began === '' ? [] : [['took', durationOf(stats.durationSeconds)] as const]),
    ...(stats.models.length === 0 ? [] : [['model', stats.models.map(cleanLine).join(', ')] as const]),
    ...(remote ? [['size', sizeOf(remote.sizeBytes)] as const] : []),
    ...(stats.costUsd === null ? [] : [['cost', `$${stats.costUsd.toFixed(2)}`] as const]),
  ]
  return rows
}

/** Who wrote it, who may read it: in full, for whoever wants to know. */
function Facts({ of }: { readonly of: Answer }): JSX.Element {
  const { remote } = of
  return (
    <details class="session-more">
      <summary>Signature, readers and the like</summary>
      <dl class="long-facts">
        <Fact name="Session">
          <code>{of.session}</code>
        </Fact>
        {remote && (
          <>
            <Fact name="From">
              {cleanLine(remote.from.principal)} on {cleanLine(remote.from.host)}
            </Fact>
            <Fact name="Pushed">
              {remote.pushedAt} ({ageOf(remote.pushedAt, Date.now())}), push {remote.seq}
            </Fact>
            <Fact name="Signed">
              {remote.doubt === null ? 'verified: ' : 'not verified: '}
              {remote.doubt ??
                (remote.signedBy.kind === 'own'
                  ? 'one of your devices'
                  : cleanLine(remote.signedBy.principal ?? ''))}
              <br />
              <code>{remote.signedBy.fingerprint}</code>
            </Fact>
            <Fact name="Expires">{remote.expires ?? 'never'}</Fact>
            {remote.holder && (
              <Fact name="Held by">
                {cleanLine(remote.holder.principal)} since {cleanLine(remote.holder.since)}
              </Fact>
            )}
            <Fact name="Readers">
              <ul>
                {remote.readers.map(({ key, name, own }) => (
                  <li key={key}>
                    {own ? 'you' : ''}
                    {own && name ? ', ' : ''}
                    {name ? cleanLine(name) : own ? '' : 'a key without a name'} <code>{key}</code>
                  </li>
                ))}
              </ul>
            </Fact>
            <Fact name="On the remote">
              <code>{shortCommit(remote.commit)}</code>
            </Fact>
          </>
        )}
      </dl>
    </details>
  )
}

function Fact({
  name,
  children,
}: {
  readonly name: string
  readonly children: preact.ComponentChildren
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
