/** A conversation with one of everything that a page shows; nobody's words. Pure. */

import { crc32, deflateSync } from 'node:zlib'

let rowsMade = 0

function row(type: string, content: unknown, more: object = {}): object {
  rowsMade += 1
  const timestamp = new Date(Date.UTC(2026, 10, 20, 9, 12, rowsMade * 7)).toISOString()
  const message =
    type === 'assistant' ? { role: type, model: 'claude-opus-5-5', content } : { role: type, content }
  return { type, uuid: `0000-${rowsMade}`, timestamp, message, ...more }
}

const asked = (text: unknown, more?: object) => row('user', text, more)
const answered = (...content: unknown[]) => row('assistant', content)
const text = (words: string) => ({ type: 'text', text: words })
const called = (id: string, name: string, input: unknown) => answered({ type: 'tool_use', id, name, input })
const result = (id: string, content: unknown, more: object = {}, failed = false) =>
  asked([{ type: 'tool_result', tool_use_id: id, content, is_error: failed }], more)

const change = [
  {
    oldStart: 41,
    oldLines: 9,
    newStart: 41,
    newLines: 12,
    lines: [
      ' export async function uploadParts(file: Blob, target: Target): Promise<Receipt> {',
      '   const parts = split(file, partBytes)',
      '-  const sent = await Promise.all(parts.map((part) => send(target, part)))',
      '-  return finish(target, sent.map((each) => each.etag))',
      '+  const sent: Sent[] = []',
      '+  for (const part of parts) {',
      '+    sent.push(await retry(() => send(target, part), { times: 3 }))',
      '+  }',
      '+  return finish(target, sent.map(({ etag }) => etag))',
      ' }',
      ' ',
      ' const partBytes = 8 * 1024 * 1024',
    ],
  },
]

const plan = `The upload fails because **all parts are sent at once**: the store answers \`503\` from the fourth on, and nobody asks again. I would

1. send the parts one after the other,
2. try each up to three times, and
3. keep the order of their tags, since \`finish\` relies on it.

| file | what changes |
| --- | --- |
| \`src/upload.ts\` | parts in order, with \`retry\` |
| \`src/retry.ts\` | new, waits a little longer each time |

\`\`\`ts
export async function retry<T>(work: () => Promise<T>, { times }: { times: number }): Promise<T> {
  for (let left = times; ; left -= 1) {
    try {
      return await work()
    } catch (error) {
      if (left <= 1) throw error // the last one tells why
    }
  }
}
\`\`\`

The store's [limits](https://docs.example.com/limits#parts) say the same.`

/** Rows of a transcript. */
export function sampleConversation(): readonly object[] {
  rowsMade = 0
  return [
    asked(
      'The upload of large files breaks after a while. Can you find out why?\n\nIt only happens with more than three parts.',
    ),
    answered({
      type: 'thinking',
      thinking: 'Probably too many at once. Look at the code first.',
      signature: 'x',
    }),
    answered(text('I will look at how the parts are sent.')),
    called('t1', 'Read', { file_path: '/home/ada/shop/src/upload.ts' }),
    result(
      't1',
      '     1\timport { split } from "./split.ts"\n     2\t\n     3\texport interface Receipt {\n     4\t  readonly id: string\n     5\t}',
    ),
    called('t2', 'Bash', {
      command: 'npm test -- --match "*upload*"',
      description: 'Run the tests of uploads',
    }),
    result(
      't2',
      '✘ large files are uploaded\n  Error: 503 Service Unavailable\n    at send (src/upload.ts:52:11)\n\n1 test failed',
      {},
      true,
    ),
    answered(text(plan)),
    asked('Good. Go ahead, and let somebody look for other places.'),
    called('t3', 'Edit', { file_path: '/home/ada/shop/src/upload.ts', old_string: 'a', new_string: 'b' }),
    result('t3', 'The file has been updated.', {
      toolUseResult: { filePath: '/home/ada/shop/src/upload.ts', structuredPatch: change },
    }),
    called('t4', 'Agent', {
      description: 'Look for other uploads',
      prompt: 'Which other functions send parts?',
    }),
    result('t4', 'Only `backup` does, and it sends them one by one.'),
    called('t5', 'Write', {
      file_path: '/home/ada/shop/src/retry.ts',
      content: 'export const waitMs = [100, 400, 1600] as const\n',
    }),
    result('t5', 'File created successfully.'),
    asked([text('This is what it looked like before:'), image()]),
    answered(text('The bar stopped at the fourth part. It goes on to the end now.')),
    called('t6', 'Bash', { command: 'npm test' }),
    result('t6', '✔ large files are uploaded\n✔ small files are uploaded\n\n2 tests passed'),
    asked('<command-name>/model</command-name><command-args>opus</command-args>'),
    asked('<local-command-stdout>Set model to opus</local-command-stdout>'),
    { type: 'system', subtype: 'compact_boundary', content: 'Conversation compacted', uuid: 'n1' },
    asked('Thanks. Commit it.'),
    called('t7', 'Bash', { command: 'git commit --quiet --all --message "Send parts in order, and again"' }),
    result('t7', ''),
    answered(text('Committed. Is there anything else?')),
  ]
}

/** Those of its subagent, by the call that started it. */
export function sampleAgents(): Readonly<Record<string, readonly object[]>> {
  return {
    t4: [
      asked('Which other functions send parts?', { isSidechain: true }),
      row('assistant', [text('`backup` in `src/backup.ts` does, one after the other.')], {
        isSidechain: true,
      }),
    ],
  }
}

function image(): object {
  return {
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: bars().toString('base64') },
  }
}

/** A picture of a bar that is two thirds full. */
function bars(): Buffer {
  const [width, height] = [360, 40]
  const lines = Array.from({ length: height }, () =>
    Buffer.from([
      0,
      ...Array.from({ length: width }, (_, x) => (x < 240 ? [76, 110, 219] : [223, 227, 232])).flat(),
    ]),
  )
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const chunks = [
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(lines))),
    chunk('IEND', Buffer.alloc(0)),
  ]
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks])
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}
