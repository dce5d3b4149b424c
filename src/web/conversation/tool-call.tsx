/** A call of a tool: folded to a line with what it came to. */

import type { ComponentChildren, JSX } from 'preact'
import { digestText } from '../../review/tool-call.ts'
import type { ViewCall, ViewMedia, ViewResult, ViewText } from '../../review/view.ts'
import { Code } from './code.tsx'
import { ChangeCount, Diff } from './diff.tsx'
import { holdsWords } from './find.ts'
import { Fold } from './fold.tsx'
import { languageOf } from './highlight.ts'
import { Media } from './media.tsx'

interface Placed {
  readonly place: string
  readonly anchor: string
}

export function ToolCall({ call, ...at }: Placed & { readonly call: ViewCall }): JSX.Element {
  const { result } = call
  return (
    <Fold
      {...at}
      class={`call${result?.failed ? ' failed' : ''}`}
      holds={(words) => holdsWords(call, words)}
      summary={
        <>
          <span class="tool">{call.tool || 'tool'}</span> <span class="about">{call.summary}</span>
          <Outcome result={result} />
        </>
      }
    >
      {() => (
        <>
          {result?.diff ? <Diff diff={result.diff} /> : <Inputs call={call} />}
          {result && <ResultBody result={result} hidesText={result.diff !== null && !result.failed} />}
        </>
      )}
    </Fold>
  )
}

/** A result whose call stands elsewhere. */
export function LooseResult({
  result,
  call,
  ...at
}: Placed & { readonly result: ViewResult; readonly call: string }): JSX.Element {
  return (
    <Fold
      {...at}
      class={`call${result.failed ? ' failed' : ''}`}
      holds={(words) => holdsWords(result, words)}
      summary={
        <>
          <span class="tool">Result</span> <span class="about">{call}</span>
          <Outcome result={result} />
        </>
      }
    >
      {() => (
        <>
          {result.diff && <Diff diff={result.diff} />}
          <ResultBody result={result} hidesText={false} />
        </>
      )}
    </Fold>
  )
}

function Outcome({ result }: { readonly result: ViewResult | null }): JSX.Element {
  if (!result) return <span class="outcome">no result</span>
  if (result.failed) return <span class="outcome">failed: {firstLine(result.body)}</span>
  if (result.diff)
    return (
      <span class="outcome">
        <ChangeCount diff={result.diff} />
      </span>
    )
  return <span class="outcome">{firstLine(result.body)}</span>
}

function firstLine({ text }: ViewText): string {
  if (text.trim() === '') return ''
  const { firstLine: line, more } = digestText(text)
  return `${line.slice(0, 160)}${more > 0 ? ` (+${more} ${more === 1 ? 'line' : 'lines'})` : ''}`
}

/** Inputs that are code of some language, whatever the call. */
function languageFor(name: string, { tool, path }: ViewCall): string {
  if (name === 'command' && /^(?:Bash|Shell|Monitor)/.test(tool)) return 'bash'
  if (/^(?:content|old_string|new_string|new_source)$/.test(name)) return languageOf(path)
  return ''
}

function Inputs({ call }: { readonly call: ViewCall }): ComponentChildren {
  // The line above says which file.
  const inputs = call.inputs.filter(({ name }) => call.path === '' || !/^(?:file|notebook)_path$/.test(name))
  return (
    <dl class="inputs">
      {inputs.map((input) => (
        <Input key={input.name} input={input} language={languageFor(input.name, call)} />
      ))}
    </dl>
  )
}

function Input({
  input,
  language,
}: {
  readonly input: ViewCall['inputs'][number]
  readonly language: string
}): JSX.Element {
  const { name, text } = input
  const isBlock = isLong(text) || language !== ''
  return (
    <div class={isBlock ? 'long' : 'short'}>
      <dt>{name}</dt>
      <dd>
        {isBlock ? <Code text={text} language={language} label={name} /> : text}
        <CutNote of={input} />
      </dd>
    </div>
  )
}

function isLong(text: string): boolean {
  return text.includes('\n') || text.length > 100
}

function ResultBody({
  result,
  hidesText,
}: {
  readonly result: ViewResult
  readonly hidesText: boolean
}): ComponentChildren {
  const { body, media } = result
  return (
    <div class="result">
      {!hidesText && body.text !== '' && (
        <Code text={body.text} label={result.failed ? 'Failure' : 'Result'} />
      )}
      {!hidesText && body.text === '' && media.length === 0 && <p class="quiet">It returned nothing.</p>}
      <CutNote of={body} />
      {media.map((each: ViewMedia, at) => (
        <Media key={at} media={each} />
      ))}
    </div>
  )
}

export function CutNote({ of: { cut } }: { readonly of: ViewText }): ComponentChildren {
  return cut > 0 && <p class="quiet">{cut} more characters are left out of this page.</p>
}
