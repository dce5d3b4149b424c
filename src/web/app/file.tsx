/** A file line by line, with the prompt that each goes back to. */

import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { WithNotes } from '../../core/browse.ts'
import type { BrowsedFile, BrowsedReason } from '../../core/browse-file.ts'
import { ScrollBox } from '../conversation/scroll-box.tsx'
import { step, useKeys } from './keys.ts'
import { Link, useNavigation } from './navigation.tsx'
import { Loading, ProblemNote } from './problem.tsx'
import { commitAddress, sessionAddress } from './routes.ts'
import { useAsk } from './use-ask.ts'
import { cleanLine, shortCommit, shortId } from './words.ts'

interface FileProps {
  readonly path: string
  readonly revision: string | null
}

export function FileView({ path, revision }: FileProps): JSX.Element {
  const asked = useAsk<BrowsedFile & WithNotes>('file', { path, rev: revision })
  useEffect(() => {
    document.title = cleanLine(path)
  }, [path])
  return (
    <div class="file-view">
      <h1 class="path-title">{cleanLine(path)}</h1>
      <p class="quiet">
        {revision === null ? 'As it lies in the work tree' : `As of commit ${shortCommit(revision)}`}: each
        line with what was asked before it was written.
      </p>
      {asked.problem && <ProblemNote problem={asked.problem} />}
      {asked.isLoading && !asked.answer && <Loading what="where the lines come from" />}
      {asked.answer?.notes.map((note) => (
        <p key={note} class="quiet">
          {note}
        </p>
      ))}
      {asked.answer && <Lines of={asked.answer} />}
    </div>
  )
}

interface Run {
  /** From 1, both included. */
  readonly from: number
  readonly to: number
  readonly reason: number
}

function Lines({ of }: { readonly of: BrowsedFile }): JSX.Element {
  const { hash, visit } = useNavigation()
  const runs = useMemo(() => runsOf(of), [of])
  const wanted = Number(/^L(\d+)$/.exec(hash)?.[1] ?? 0)
  const chosen = of.lines[wanted - 1]?.reason
  useEffect(() => {
    if (wanted === 0) return
    const row = document.getElementById(`L${wanted}`)
    row?.scrollIntoView({ block: 'center' })
  }, [of, wanted, visit])
  useKeys([
    { key: 'j', does: 'Next prompt', run: () => step('.reason-link', 1) },
    { key: 'k', does: 'Prompt before', run: () => step('.reason-link', -1) },
  ])
  if (of.lines.length === 0) return <p class="quiet">The file is empty.</p>
  return (
    <ScrollBox class="blame" label={`Lines of ${cleanLine(of.path)}`}>
      <table>
        <thead class="hidden-label">
          <tr>
            <th scope="col">What was asked</th>
            <th scope="col">Line</th>
            <th scope="col">Text</th>
          </tr>
        </thead>
        {runs.map(({ from, to, reason }) => (
          <tbody key={from} class={reason === chosen ? 'run chosen' : 'run'}>
            {of.lines.slice(from - 1, to).map(({ text }, at) => (
              <tr key={from + at} id={`L${from + at}`} class={from + at === wanted ? 'wanted' : ''}>
                {at === 0 && (
                  <td class="reason" rowSpan={to - from + 1}>
                    <Reason of={of.reasons[reason]} commits={of.commits} isTall={to > from} />
                  </td>
                )}
                <td class="number">
                  <a href={`#L${from + at}`} aria-label={`Line ${from + at}`}>
                    {from + at}
                  </a>
                </td>
                <td class="text">{text}</td>
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </ScrollBox>
  )
}

function runsOf({ lines }: BrowsedFile): readonly Run[] {
  const runs: Run[] = []
  for (const [at, { reason }] of lines.entries()) {
    const last = runs.at(-1)
    if (last?.reason === reason) runs[runs.length - 1] = { ...last, to: at + 1 }
    else runs.push({ from: at + 1, to: at + 1, reason })
  }
  return runs
}

interface ReasonProps {
  readonly of: BrowsedReason | undefined
  readonly commits: BrowsedFile['commits']
  readonly isTall: boolean
}

function Reason({ of, commits, isTall }: ReasonProps): JSX.Element {
  if (!of || of.commit === null) return <span class="quiet-inline">not committed yet</span>
  const commit = Object.hasOwn(commits, of.commit) ? commits[of.commit] : undefined
  const [session] = of.sessions
  const about = (
    <Link to={commitAddress(of.commit)} class="reason-commit">
      {cleanLine(commit?.subject ?? '') || shortCommit(of.commit)}
    </Link>
  )
  if (!session) return <span class="reason-bare">{about}</span>
  if (!session.readable)
    return (
      <span class="reason-bare">
        {about} <span class="quiet-inline">session for others</span>
      </span>
    )
  const to = `${sessionAddress(session.session)}${of.prompt ? `#${of.prompt.uuid}` : ''}`
  const words = of.prompt?.text ?? session.title ?? shortId(session.session)
  const others = of.sessions.length - 1
  return (
    <div class="reason-box">
      <Link to={to} class="reason-link">
        {cleanLine(words) || shortId(session.session)}
      </Link>
      {others > 0 && <span class="quiet-inline">or one of {others} more</span>}
      {isTall && (
        <span class="reason-facts">
          {about} {commit?.authored.slice(0, 10)}
        </span>
      )}
    </div>
  )
}
