/** The picker as a value, and as the lines that it draws. */

import test from 'ava'
import fc from 'fast-check'
import {
  drawPicker,
  type Key,
  lookedInto,
  openPicker,
  type Picker,
  pageOf,
  press,
  type Screen,
} from '../../src/cmd/picker-model.ts'
import type { Choice } from '../../src/core/world.ts'
import { textWidth } from '../../src/review/width.ts'

const now = new Date('2026-11-20T12:00:00Z')
const small: Screen = { columns: 80, rows: 24, color: false, now }
const large: Screen = { columns: 200, rows: 60, color: false, now }

function choice(id: string, title: string, more: Partial<NonNullable<Choice['about']>> = {}): Choice {
  const value = `${id}-91c4-4d6f-9a37-0123456789ab`
  const about = {
    ...{ title, author: 'ada@example.org', host: 'laptop', branch: 'main', commits: ['c0ffee00c0ffee00'] },
    ...{ messages: 12, sizeBytes: 34_000, updated: '2026-11-20T10:00:00Z', expires: '2026-11-27T12:00:00Z' },
    ...{ signer: 'one of your devices (abc)', state: 'same' },
    ...more,
  }
  return { value, label: `${id}  ${title}`, about }
}

const choices = [
  choice('aaaaaaaa', 'Fix the upload'),
  choice('bbbbbbbb', 'Write the parser', {
    author: 'Grace',
    branch: 'feature/parse',
    commits: ['deadbeef01'],
  }),
  choice('cccccccc', 'Plan the release', { host: 'tower' }),
]

const typed = (text: string): readonly Key[] => [...text].map((letter) => ({ text: letter, name: letter }))

function after(picker: Picker, keys: readonly Key[]): Picker {
  return keys.reduce((state, key) => {
    const next = press(state, key, 5)
    if (next === 'cancelled' || 'chosen' in next) throw new Error('it came to its end')
    return next
  }, picker)
}

const found = (query: string, from = openPicker('Which?', choices)) =>
  after(from, typed(query)).fitting.map((value) => value.slice(0, 4))

test('what is typed is looked for in title, author, host, branch, commits and id, each word somewhere', (t) => {
  t.deepEqual(found('upload'), ['aaaa'])
  t.deepEqual(found('GRACE'), ['bbbb'])
  t.deepEqual(found('tower plan'), ['cccc'])
  t.deepEqual(found('feature/'), ['bbbb'])
  t.deepEqual(found('deadbee'), ['bbbb'])
  t.deepEqual(found('cccccccc-91'), ['cccc'])
  t.deepEqual(found('upload grace'), [])
  t.is(found('').length, 3)
})

test('files count once a look has told them, and the marked session stays marked', (t) => {
  const look = { title: null, branch: null, first: 'x', last: 'y', messages: 3, files: ['src/deep/lexer.ts'] }
  const marked = after(openPicker('Which?', choices), [{ name: 'down' }, { name: 'down' }])
  const told = lookedInto(marked, choices[0]?.value ?? '', look)
  t.is(told.fitting[told.marked], choices[2]?.value)
  t.deepEqual(found('lexer', told), ['aaaa'])
  t.deepEqual(found('lexer'), [])
})

test('keys move, edit, choose and leave', (t) => {
  const open = openPicker('Which?', choices)
  t.is(after(open, [{ name: 'up' }]).marked, 0)
  t.is(after(open, [{ name: 'down' }, { name: 'n', ctrl: true }, { name: 'down' }]).marked, 2)
  t.is(after(open, [{ name: 'end' }, { name: 'p', ctrl: true }]).marked, 1)
  t.is(after(open, [{ name: 'pagedown' }]).marked, 2)
  const asked = after(open, typed('plan the'))
  t.is(after(asked, [{ name: 'w', ctrl: true }]).query, 'plan ')
  t.is(after(asked, [{ name: 'backspace' }]).query, 'plan th')
  t.is(after(asked, [{ name: 'u', ctrl: true }]).query, '')
  t.is(after(asked, [{ name: 'escape' }]).query, '')
  t.is(press(open, { name: 'escape' }, 5), 'cancelled')
  t.is(press(asked, { name: 'c', ctrl: true }, 5), 'cancelled')
  t.deepEqual(press(asked, { name: 'return' }, 5), { chosen: choices[2]?.value })
  const none = after(open, typed('nothing like it'))
  t.is(press(none, { name: 'return' }, 5), none)
})

test('the preview says what is known of the marked session', (t) => {
  const look = {
    ...{ title: null, branch: null, messages: 40 },
    ...{ first: 'Make the upload resume.', last: 'Now the tests.', files: ['src/upload.ts'] },
  }
  const picker = lookedInto(openPicker('Which session?', choices), choices[0]?.value ?? '', look)
  t.is(
    drawPicker(picker, small)
      .map((line) => line.trimEnd())
      .join('\n'),
    `Which session?  3/3
> ▏
▶ aaaaaaaa  2 hours ago Fix the upload                         ada@example.org
  bbbbbbbb  2 hours ago Write the parser                                 Grace
  cccccccc  2 hours ago Plan the release                       ada@example.org







${'─'.repeat(80)}
session  aaaaaaaa-91c4-4d6f-9a37-0123456789ab, same
first    Make the upload resume.
last     Now the tests.
from     ada@example.org on laptop, branch main
commits  c0ffee00
size     40 messages, 34.0 kB
age      2 hours ago, expires in 7 days
signed   by one of your devices (abc)
files    src/upload.ts

↑↓ move   type to filter   Enter choose   Esc clear, leave`,
  )
  const beside = drawPicker(picker, large)
  t.regex(beside[2] ?? '', /▶ aaaaaaaa .* │ session {2}aaaaaaaa/)
})

test('the marked session is on the screen, however many there are', (t) => {
  const many = Array.from({ length: 500 }, (_, at) => choice(String(at).padStart(8, '0'), `Session ${at}`))
  for (const presses of [0, 3, 250, 499]) {
    const picker = after(
      openPicker('Which?', many),
      Array.from({ length: presses }, () => ({ name: 'down' })),
    )
    t.true(
      drawPicker(picker, small).some((line) => line.startsWith(`▶ ${String(presses).padStart(8, '0')}`)),
      String(presses),
    )
  }
})

const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u001b[2J', '\u009b31m', '\u202eabc', 'a\nb', '\u0007', '日本語', '👩‍👩‍👧'),
)

test('no title, prompt or key breaks out of its line or speaks to the terminal', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(hostile, hostile, hostile), { minLength: 1, maxLength: 5 }),
      fc.array(hostile, { maxLength: 5 }),
      fc.record({ columns: fc.integer({ min: 20, max: 200 }), rows: fc.integer({ min: 4, max: 60 }) }),
      (texts, keys, size) => {
        const all = texts.map(([title, author, state], at) =>
          choice(String(at).padStart(8, '0'), title, { author, state, host: title, branch: author }),
        )
        let picker = openPicker(texts[0]?.[0] ?? '', all)
        const look = {
          title: keys[0] ?? null,
          branch: null,
          first: keys[0] ?? '',
          last: '',
          messages: 1,
          files: keys,
        }
        picker = lookedInto(picker, all[0]?.value ?? '', look)
        for (const text of keys) {
          const next = press(picker, { text }, pageOf(size))
          if (next !== 'cancelled' && !('chosen' in next)) picker = next
        }
        const lines = drawPicker(picker, { ...size, color: false, now })
        t.true(lines.length <= size.rows)
        for (const line of lines) {
          t.notRegex(line, /[\p{Cc}\p{Cf}\u2028\u2029]/u)
          t.true(textWidth(line) <= size.columns, line)
        }
      },
    ),
    { numRuns: 60 },
  )
})
