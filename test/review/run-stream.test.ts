import test from 'ava'
import { asTranscript, promptRow, takeFigures } from '../../src/review/run-stream.ts'
import { renderTranscript } from '../../src/review/transcript.ts'

async function* linesOf(rows: readonly unknown[]): AsyncGenerator<Uint8Array> {
  for (const row of rows) yield Buffer.from(typeof row === 'string' ? row : JSON.stringify(row))
}

const usage = { input_tokens: 100, output_tokens: 20, cache_read_input_tokens: 5 }
const answer = (id: string, block: unknown, more = {}) => ({
  type: 'assistant',
  message: { id, role: 'assistant', model: 'm', content: [block], usage },
  parent_tool_use_id: null,
  ...more,
})
const call = { type: 'tool_use', id: 't1', name: 'Edit', input: { file_path: 'a.js' } }
const text = (words: string) => ({ type: 'text', text: words })
const patch = { structuredPatch: [{ lines: ['-a', '+b'] }] }
const stream = [
  promptRow('fix it', new Date('2026-11-20T12:00:00Z')),
  { type: 'system', subtype: 'init', model: 'opus', permissionMode: 'acceptEdits', tools: ['Bash'] },
  answer('1', text('I look.')),
  answer('1', call),
  {
    type: 'user',
    message: { content: [{ type: 'tool_result', tool_use_id: 't1', content: 'done' }] },
    tool_use_result: patch,
  },
  {
    type: 'system',
    subtype: 'permission_denied',
    tool_name: 'Bash',
    message: 'This command requires approval',
  },
  answer('2', text('from a helper'), { parent_tool_use_id: 't9' }),
  { type: 'system', subtype: 'nobody_knows' },
  'Warning: no JSON',
  answer('3', text('Fixed.')),
  { type: 'result', subtype: 'success', is_error: false, num_turns: 3, total_cost_usd: 0.5 },
]

test('the stream of a client reads as show prints a conversation', async (t) => {
  let shown = ''
  const options = { color: false, columns: 60, full: false, thinking: false }
  for await (const piece of renderTranscript(asTranscript(linesOf(stream)), options)) shown += piece
  t.is(
    shown,
    `> fix it

-- opus, acceptEdits --

I look.

  [Edit] a.js
      done
        -a
        +b
  |
  | from a helper

-- Warning: no JSON --

Fixed.

-- ended: success, 3 turns, $0.5000 --
`,
  )
})

test('figures of a stream are those so far: the newest call and words, tokens, cost, what was not allowed', async (t) => {
  t.like(await takeFigures(linesOf(stream)), {
    turns: 2,
    tokens: { input: 300, output: 60, cacheRead: 15, cacheWrite: 0 },
    costUsd: 0.5,
    lastTool: '[Edit] a.js',
    lastText: 'Fixed.',
    denied: 1,
    result: 'success',
    failed: false,
  })
  t.like(await takeFigures(linesOf(stream.slice(0, 4))), { turns: 1, costUsd: null, result: null })
  const again = [...stream, stream[1], { type: 'result', subtype: 'error_max_turns', is_error: true }]
  t.like(await takeFigures(linesOf(again.slice(0, -1))), { result: null, costUsd: 0.5 })
  t.like(await takeFigures(linesOf(again)), { result: 'error_max_turns', failed: true, costUsd: 0.5 })
})
