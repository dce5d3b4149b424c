/** The table of a session's code: what is written is read, and nothing odd is believed. */

import test from 'ava'
import { encodeCodeState, parseCodeState } from '../../src/bundle/code-state.ts'
import { hasCode } from '../../src/errors.ts'
import { type CodeState, isOid, type Oid } from '../../src/model.ts'

function id(digit: string, length = 40): Oid {
  const text = digit.repeat(length)
  if (isOid(text)) return text
  throw new Error('not an id')
}

const state: CodeState = {
  format: 1,
  head: id('1'),
  branch: 'fix/upload',
  upstream: null,
  needs: [id('2')],
  index: id('3'),
  worktree: id('4'),
  intent: null,
  counts: { commits: 2, staged: 1, unstaged: 0, untracked: 3 },
}

test('the code state is read as it was written', (t) => {
  t.deepEqual(parseCodeState(encodeCodeState(state)), state)
})

for (const [what, change, code] of [
  ['of a later format', { format: 2 }, 'format-too-new'],
  ['with an index and no work tree', { worktree: null }, 'damaged-bundle'],
  ['with intentions and no index', { index: null, worktree: null, intent: id('5') }, 'damaged-bundle'],
  ['with ids of two kinds', { head: id('1', 64) }, 'damaged-bundle'],
  ['with a branch that is no text', { branch: 7 }, 'damaged-bundle'],
  ['with a negative count', { counts: { ...state.counts, staged: -1 } }, 'damaged-bundle'],
] as const) {
  test(`a code state ${what} is refused`, (t) => {
    const bytes = Buffer.from(JSON.stringify({ ...state, ...change }))
    t.true(
      hasCode(
        t.throws(() => parseCodeState(bytes)),
        code,
      ),
    )
  })
}
