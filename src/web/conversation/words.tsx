/** Words of people and models: Markdown for answers, for prompts what was typed. Nothing ever becomes HTML. */

import type { ComponentChildren, JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { Code } from './code.tsx'
import { splitFences } from './fences.ts'
import { type MarkdownBlock, parseMarkdown } from './markdown.ts'
import type { Inline, InlineLink } from './markdown-inline.ts'
import { ScrollBox } from './scroll-box.tsx'

/** `text` as Markdown. */
export function MarkdownWords({ text }: { readonly text: string }): JSX.Element {
  const blocks = useMemo(() => parseMarkdown(text), [text])
  return <div class="words">{blocks.map(blockNode)}</div>
}

/** `text` as it was typed; only fenced code is set as code. */
export function TypedWords({ text }: { readonly text: string }): JSX.Element {
  const parts = useMemo(() => splitFences(text), [text])
  return (
    <div class="words typed">
      {parts.map((part, at) =>
        typeof part === 'string' ? (
          <p key={at}>{part}</p>
        ) : (
          <Code key={at} text={part.text} language={part.language} label="Code" />
        ),
      )}
    </div>
  )
}

function blockNode(block: MarkdownBlock, at: number): JSX.Element {
  switch (block.kind) {
    case 'paragraph':
      return <p key={at}>{block.inline.map(inlineNode)}</p>
    case 'heading':
      // Not part of the page's own outline.
      return (
        <p key={at} class={`heading level-${block.level}`}>
          {block.inline.map(inlineNode)}
        </p>
      )
    case 'code':
      return codeNode(block, at)
    case 'list':
      return listNode(block, at)
    case 'quote':
      return <blockquote key={at}>{block.blocks.map(blockNode)}</blockquote>
    case 'table':
      return tableNode(block, at)
    case 'rule':
      return <hr key={at} />
  }
}

function codeNode({ language, info, text }: MarkdownBlock & { kind: 'code' }, at: number): JSX.Element {
  const code = <Code key={at} text={text} language={language} label={`Code ${language}`.trim()} />
  if (info === '') return code
  return (
    <figure key={at}>
      <figcaption>{info}</figcaption>
      {code}
    </figure>
  )
}

function listNode({ start, items }: MarkdownBlock & { kind: 'list' }, at: number): JSX.Element {
  const nodes = items.map((blocks, each) => <li key={each}>{blocks.map(itemNode)}</li>)
  return start === null ? (
    <ul key={at}>{nodes}</ul>
  ) : (
    <ol key={at} start={start}>
      {nodes}
    </ol>
  )
}

/** The first paragraph of an item needs no margin. */
function itemNode(block: MarkdownBlock, at: number): ComponentChildren {
  if (at > 0 || block.kind !== 'paragraph') return blockNode(block, at)
  return <span key={at}>{block.inline.map(inlineNode)}</span>
}

function tableNode({ head, rows }: MarkdownBlock & { kind: 'table' }, at: number): JSX.Element {
  return (
    <ScrollBox key={at} class="table" label="Table">
      <table>
        <thead>
          <tr>
            {head.map((cell, column) => (
              <th key={column} scope="col">
                {cell.map(inlineNode)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, column) => (
                <td key={column}>{cell.map(inlineNode)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  )
}

function inlineNode(inline: Inline, at: number): ComponentChildren {
  if (typeof inline === 'string') return inline
  switch (inline.kind) {
    case 'code':
      return <code key={at}>{inline.text}</code>
    case 'strong':
      return <strong key={at}>{inline.inline.map(inlineNode)}</strong>
    case 'em':
      return <em key={at}>{inline.inline.map(inlineNode)}</em>
    case 'del':
      return <del key={at}>{inline.inline.map(inlineNode)}</del>
    case 'link':
      return <WebLink key={at} {...inline} />
  }
}

/** Where it leads is always to be read, and so is its title: the words are those of somebody else. */
function WebLink({ href, text, title }: InlineLink): JSX.Element {
  const says = text === href || `${text}/` === href || text === ''
  const rest = [...(says ? [] : [href]), ...(title === undefined ? [] : [`“${title}”`])].join(' ')
  return (
    <a href={href} rel="noreferrer noopener nofollow" target="_blank" referrerpolicy="no-referrer">
      {says ? href : text}
      {rest !== '' && <span class="target"> ({rest})</span>}
    </a>
  )
}
