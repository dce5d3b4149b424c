/** A change of a file: both sides beside each other, or one below the other. */

import type { ComponentChildren, JSX } from 'preact'
import { useContext, useMemo, useState } from 'preact/hooks'
import type { ViewDiff } from '../../review/view.ts'
import { countChanges, type DiffPart, type DiffRow, type DiffSide, diffRows } from './diff-rows.ts'
import { ScrollBox } from './scroll-box.tsx'
import { SettingsContext } from './settings.ts'

/** So many rows are shown before somebody asks for the rest. */
const firstRows = 200

export function Diff({ diff }: { readonly diff: ViewDiff }): JSX.Element {
  const { sideBySide } = useContext(SettingsContext)
  const [isWhole, setWhole] = useState(false)
  const rows = useMemo(
    () => diffRows(diff.hunks, isWhole ? Number.POSITIVE_INFINITY : firstRows),
    [diff, isWhole],
  )
  const shown = isWhole ? rows : rows.slice(0, firstRows)
  const left = rows.length - shown.length
  const name = diff.path === '' ? 'Change' : `Change of ${diff.path}`
  return (
    <figure class="diff">
      <figcaption>
        <span class="path">{diff.path || 'Change'}</span> <ChangeCount diff={diff} />
      </figcaption>
      <ScrollBox class="lines" label={name}>
        {sideBySide ? <SideBySide rows={shown} name={name} /> : <Inline rows={shown} name={name} />}
      </ScrollBox>
      {left > 0 && (
        <button type="button" class="more" onClick={() => setWhole(true)}>
          Show {left} more {left === 1 ? 'line' : 'lines'}
        </button>
      )}
    </figure>
  )
}

export function ChangeCount({ diff }: { readonly diff: ViewDiff }): JSX.Element {
  const { added, removed } = useMemo(() => countChanges(diff.hunks), [diff])
  return (
    <span class="count">
      <span class="added">+{added}</span> <span class="removed">−{removed}</span>
    </span>
  )
}

interface RowsProps {
  readonly rows: readonly DiffRow[]
  readonly name: string
}

function SideBySide({ rows, name }: RowsProps): JSX.Element {
  return (
    <table class="beside" aria-label={`${name}, before and after`}>
      <tbody>
        {rows.map((row, at) =>
          row.kind === 'gap' ? (
            <Gap key={at} columns={4} />
          ) : (
            <tr key={at}>
              <SideCells side={row.before} sign={row.kind === 'same' ? '' : '-'} />
              <SideCells side={row.after} sign={row.kind === 'same' ? '' : '+'} />
            </tr>
          ),
        )}
      </tbody>
    </table>
  )
}

function SideCells({ side, sign }: { readonly side: DiffSide | null; readonly sign: Sign }): JSX.Element {
  if (!side)
    return (
      <>
        <td class="number none" />
        <td class="none" />
      </>
    )
  return (
    <>
      <td class="number">{side.number}</td>
      <Line sign={sign} parts={side.parts} />
    </>
  )
}

function Inline({ rows, name }: RowsProps): JSX.Element {
  return (
    <table class="inline" aria-label={name}>
      <tbody>{inlineRows(rows)}</tbody>
    </table>
  )
}

/** All removals of a run before its additions, as in a patch. */
function inlineRows(rows: readonly DiffRow[]): readonly ComponentChildren[] {
  const nodes: ComponentChildren[] = []
  for (let at = 0; at < rows.length; ) {
    const row = rows[at]
    if (row?.kind !== 'changed') {
      nodes.push(
        row?.kind === 'gap' ? <Gap key={at} columns={3} /> : <InlineRow key={at} row={row} sign="" />,
      )
      at += 1
      continue
    }
    let end = at
    while (rows[end]?.kind === 'changed') end += 1
    const run = rows.slice(at, end)
    for (const [each, changed] of run.entries())
      if (changed.before) nodes.push(<InlineRow key={`${at + each}-`} row={changed} sign="-" />)
    for (const [each, changed] of run.entries())
      if (changed.after) nodes.push(<InlineRow key={`${at + each}+`} row={changed} sign="+" />)
    at = end
  }
  return nodes
}

function InlineRow({ row, sign }: { readonly row: DiffRow | undefined; readonly sign: Sign }): JSX.Element {
  const parts = (sign === '+' ? row?.after : row?.before)?.parts ?? []
  return (
    <tr>
      <td class="number">{sign === '+' ? '' : row?.before?.number}</td>
      <td class="number">{sign === '-' ? '' : row?.after?.number}</td>
      <Line sign={sign} parts={parts} />
    </tr>
  )
}

type Sign = '+' | '-' | ''

const kinds = { '+': 'added', '-': 'removed', '': 'same' } as const

function Line({ sign, parts }: { readonly sign: Sign; readonly parts: readonly DiffPart[] }): JSX.Element {
  return (
    <td class={`line ${kinds[sign]}`}>
      <span class="sign">{sign === '' ? ' ' : sign}</span>
      {parts.map(({ text, marked }, at) => (marked ? <mark key={at}>{text}</mark> : text))}
    </td>
  )
}

function Gap({ columns }: { readonly columns: number }): JSX.Element {
  return (
    <tr class="gap">
      <td colSpan={columns}>⋯</td>
    </tr>
  )
}
