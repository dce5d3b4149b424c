/** What a client hands over, and the line that a person typed in it. */

import test from 'ava'
import fc from 'fast-check'
import { blocking, cut } from '../../src/cmd/client-answer.ts'
import { parseClientEvent } from '../../src/core/client-event.ts'
import { commandLineOf } from '../../src/core/slash-command.ts'
import { splitWords } from '../../src/core/split-words.ts'
import { hasCode } from '../../src/errors.ts'
import { parseSessionId } from '../../src/model.ts'
import { parseJson, stringAt } from '../support/json.ts'

const here = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')

test('words come apart as in a shell, and nothing in them is looked up or run', (t) => {
  t.deepEqual(splitWords(`  push "a b" 'c  d'e\\f $(x) \`y\` $HOME *;|& "q\\"\\\\"`), [
    'push',
    'a b',
    'c  de\\f',
    '$(x)',
    '`y`',
    '$HOME',
    '*;|&',
    'q"\\',
  ])
  t.deepEqual(splitWords(' \t\n'), [])
  t.deepEqual(splitWords(`"" ''`), ['', ''])
  for (const open of [`a "b`, `it's`, `"\\"`]) {
    t.true(
      hasCode(
        t.throws(() => splitWords(open)),
        'usage',
      ),
      open,
    )
  }
})

test('words that were quoted come back as they were', (t) => {
  const quoted = (word: string) => `"${word.replace(/["\\]/g, '\\$&')}"`
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (words) => {
      t.deepEqual(splitWords(words.map(quoted).join(' ')), words)
    }),
    { numRuns: 300 },
  )
})

const typed: readonly (readonly [string, string, readonly string[]])[] = [
  ['git-teleport:push', '', ['push']],
  ['git-teleport:push', '--to team --yes', ['push', '--to', 'team', '--yes']],
  ['git-teleport:pull', '3f2a91c4', ['pull', '3f2a91c4']],
  [
    'git-teleport:hand-off',
    'ada@example.org --to team',
    ['push', '--hand-off', 'ada@example.org', '--to', 'team'],
  ],
  ['git-teleport:show', '', ['show', here]],
  ['git-teleport:show', '--from 3 --stat', ['show', '--from', '3', '--stat', here]],
  ['git-teleport:show', '--format html -o x.html', ['show', '--format', 'html', '-o', 'x.html', here]],
  [
    'git-teleport:show',
    '--output x --passphrase-file y',
    ['show', '--output', 'x', '--passphrase-file', 'y', here],
  ],
  ['git-teleport:show', '3f2a91c4', ['show', '3f2a91c4']],
  ['git-teleport:expire', '--yes', ['expire', '--yes', here]],
  ['git-teleport:expire', '--mine', ['expire', '--mine']],
  ['git-teleport:run', ` say "it's" $(x) `, ['run', '--', `say "it's" $(x)`]],
  ['git-teleport:gtp', '', ['list']],
  ['gtp', '3f2a91c4 --fork', ['pull', '3f2a91c4', '--fork']],
  ['git-teleport:teleport', 'status', ['status']],
  ['git-teleport:tp', 'run it’s late', ['run', '--', 'it’s late']],
  ['git-teleport:gtp', 'logs 3f2a91c4', ['logs', '3f2a91c4']],
]

for (const [name, args, line] of typed) {
  test(`/${name} ${args} runs ${line.join(' ')}`, (t) => {
    t.deepEqual(commandLineOf({ name, args, session: here }), line)
  })
}

for (const [name, args] of [
  ['git-teleport:gtp', 'uninstall --yes'],
  ['git-teleport:gtp', 'hook run'],
  ['git-teleport:gtp', 'web'],
  ['git-teleport:gtp', 'logs -f 3f2a91c4'],
  ['git-teleport:hand-off', ''],
  ['git-teleport:run', '  '],
  ['somebody:else', ''],
] as const) {
  test(`/${name} ${args} runs nothing in a conversation`, (t) => {
    t.true(
      hasCode(
        t.throws(() => commandLineOf({ name, args, session: here })),
        'usage',
      ),
    )
  })
}

test('of an event only what has the right type is taken', (t) => {
  const event = parseClientEvent(
    JSON.stringify({
      session_id: here.toUpperCase(),
      cwd: 7,
      prompt: ['& x'],
      // Computed, so that it is written: an own member of that name.
      ['__proto__']: { source: 'user' },
    }),
  )
  t.is(event?.session, here)
  t.is(event?.cwd, null)
  t.is(event?.prompt, null)
  t.is(event?.source, null)
  t.is(parseClientEvent('{"session_id":"../../x"}')?.session, null)
  for (const text of ['', 'null', '[]', '"x"', '{', '\0']) t.is(parseClientEvent(text), null)
})

test('whatever stands in an event, reading it does not throw', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      const event = parseClientEvent(text)
      t.true(event === null || typeof event.args === 'string')
    }),
    { numRuns: 300 },
  )
})

test('an answer longer than the client shows is cut at a line, and says so', (t) => {
  const long = Array.from({ length: 900 }, (_none, line) => `line ${line} of many`).join('\n')
  const said = cut(long, 'git teleport list')
  t.true(said.length <= 10_000)
  const [kept = '', rest = ''] = said.split('\n\n… cut here, ')
  t.true(long.startsWith(kept))
  const lines = kept.split('\n').length
  t.is(rest, `${900 - lines} lines more: git teleport list`)
  t.is(cut('x'.repeat(10_000), ''), 'x'.repeat(10_000))
  const reason = stringAt(
    parseJson(blocking('UserPromptExpansion', 'y'.repeat(50_000), 'z'.repeat(5000))),
    'reason',
  )
  t.true((reason?.length ?? 0) <= 10_000)
})
