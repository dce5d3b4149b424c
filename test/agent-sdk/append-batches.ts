/** What the program that is killed appends: batches whose rows can be told apart, some large, some without a uuid. Pure. */

import type { Entry } from './session-store.ts'

/** Three rows, of which one has no `uuid`. Each tenth batch is so large that writing it takes a while. */
export function batchOf(n: number): readonly Entry[] {
  const text = `${n} ${'x'.repeat(n % 10 === 0 ? 120_000 : 200)}`
  return [
    { type: 'user', uuid: uuidOf(n, 1), message: { role: 'user', content: text } },
    { type: 'last-prompt', lastPrompt: `prompt ${n}` },
    { type: 'assistant', uuid: uuidOf(n, 2), message: { role: 'assistant', content: [] } },
  ]
}

function uuidOf(n: number, which: number): string {
  return `00000000-0000-4000-8000-${String(n * 10 + which).padStart(12, '0')}`
}
