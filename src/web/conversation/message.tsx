/** One message of a conversation. */

import type { ComponentChildren, JSX } from 'preact'
import type { ViewBlock, ViewMessage } from '../../review/view.ts'
import { holdsWords, isClient } from './find.ts'
import { Fold } from './fold.tsx'
import { Media } from './media.tsx'
import { CutNote, LooseResult, ToolCall } from './tool-call.tsx'
import { MarkdownWords, TypedWords } from './words.tsx'

export interface MessageProps {
  readonly message: ViewMessage
  /** Its id in the document. */
  readonly anchor: string
  /** It goes on where the message before it stopped: who speaks is not said again. */
  readonly goesOn: boolean
}

export function Message({ message, anchor, goesOn }: MessageProps): JSX.Element {
  const { kind, depth } = message
  const only = onlyKind(message)
  const classes = ['message', kind, only, isClient(message) && 'client', goesOn && 'goes-on']
  return (
    <article
      id={anchor}
      class={classes.filter(Boolean).join(' ')}
      data-depth={Math.min(depth, 4)}
      tabIndex={-1}
      aria-label={labelOf(message)}
    >
      {!goesOn && <Who message={message} anchor={anchor} />}
      {message.blocks.map((block, at) => (
        <Block key={at} block={block} message={message} anchor={anchor} place={`${anchor}.${at}`} />
      ))}
    </article>
  )
}

/** So that what holds nothing else can be hidden with its heading. */
function onlyKind(message: ViewMessage): string | undefined {
  if (message.blocks.every(({ kind }) => kind === 'call' || kind === 'result')) return 'only-tools'
  return isThinkingOnly(message) ? 'only-thinking' : undefined
}

export function isThinkingOnly({ blocks }: ViewMessage): boolean {
  return blocks.every(({ kind }) => kind === 'thinking')
}

function labelOf(message: ViewMessage): string {
  const number = message.number === null ? '' : `message ${message.number}, `
  return `${number}${speaker(message).toLowerCase()}`
}

function speaker({ kind, depth, hidden, model }: ViewMessage): string {
  if (kind === 'notice' || kind === 'unreadable' || hidden) return 'Client'
  if (kind === 'results') return 'Results'
  if (kind === 'prompt') return depth > 0 ? 'Task of the subagent' : 'Asked'
  if (depth > 0) return 'Subagent'
  return model === '' ? 'Answered' : model
}

function Who({ message, anchor }: { readonly message: ViewMessage; readonly anchor: string }): JSX.Element {
  const Heading = message.asked ? 'h2' : 'p'
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(message.time)
    ? message.time.slice(0, 16).replace('T', ' ')
    : ''
  return (
    <Heading class="who">
      <span class="name">{speaker(message)}</span>
      {message.number !== null && (
        <a class="anchor" href={`#${anchor}`} aria-label={`Link to message ${message.number}`}>
          #{message.number}
        </a>
      )}
      {time !== '' && <time dateTime={message.time}>{time}</time>}
    </Heading>
  )
}

interface BlockProps {
  readonly block: ViewBlock
  readonly message: ViewMessage
  readonly anchor: string
  readonly place: string
}

function Block({ block, message, anchor, place }: BlockProps): ComponentChildren {
  switch (block.kind) {
    case 'text':
      return (
        <>
          {message.kind === 'answer' ? <MarkdownWords text={block.text} /> : <TypedWords text={block.text} />}
          <CutNote of={block} />
        </>
      )
    case 'command':
      return <p class="command">{block.text}</p>
    case 'thinking':
    case 'printed':
      return (
        <Fold
          place={place}
          anchor={anchor}
          class={block.kind}
          holds={(words) => holdsWords({ text: block.text }, words)}
          summary={
            <span class="about">
              {block.kind === 'thinking' ? 'Thinking' : `Printed: ${firstOf(block.text)}`}
            </span>
          }
        >
          {() => (
            <>
              <TypedWords text={block.text} />
              <CutNote of={block} />
            </>
          )}
        </Fold>
      )
    case 'call':
      return <ToolCall call={block} anchor={anchor} place={place} />
    case 'result':
      return <LooseResult result={block} call={block.call} anchor={anchor} place={place} />
    case 'media':
      return <Media media={block} />
  }
}

function firstOf(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 120) ?? ''
}
