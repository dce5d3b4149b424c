/** What `git push --porcelain` and hosts print: refusals are found, and nothing else is made of it. */

import test from 'ava'
import fc from 'fast-check'
import { remoteWords, showOutside } from '../../src/git-store/outside-text.ts'
import { parseRefusals } from '../../src/git-store/push-report.ts'

const ref = fc.stringMatching(/^refs\/teleport\/sessions\/[0-9a-f]{8}$/)
const reason = fc.string({ maxLength: 30 }).map((text) => text.replace(/[\t\n]/g, ' '))
const flag = fc.constantFrom(' ', '+', '-', '*', '=', '!')

test('every refused ref is found with its reason, and only those', (t) => {
  const row = fc.record({ flag, ref, reason, from: fc.constantFrom('', 'a'.repeat(40), '(delete)') })
  fc.assert(
    fc.property(fc.uniqueArray(row, { selector: (each) => each.ref, maxLength: 8 }), (rows) => {
      const lines = rows.map((each) => `${each.flag}\t${each.from}:${each.ref}\t${each.reason}`)
      const refused = rows.filter((each) => each.flag === '!')
      const found = parseRefusals(['To ssh://host/x', ...lines, 'Done', ''].join('\n'))
      t.deepEqual(
        [...found],
        refused.map((each) => [each.ref, each.reason]),
      )
    }),
    { numRuns: 30 },
  )
})

test('whatever a host prints, it is shown as one short line that steers nothing', (t) => {
  const pieces = fc.constantFrom(
    '!',
    '\t',
    ':',
    '\n',
    '\r',
    'remote:',
    'refs/',
    '\x1b[2J',
    '\u202e',
    '__proto__',
    '\0',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.array(pieces, { maxLength: 30 }).map((all) => all.join('')),
    fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString()),
  )
  const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
  fc.assert(
    fc.property(text, (printed) => {
      for (const [name, why] of parseRefusals(printed)) {
        t.true(printed.split('\n').some((line) => /^!(?:\t|$)/.test(line) && line.includes(name)))
        t.notRegex(showOutside(why), unsafe)
      }
      t.notRegex(remoteWords(printed), unsafe)
      t.notRegex(showOutside(printed), unsafe)
      t.true(showOutside(printed, 20).length <= 21 * '\\u{10ffff}'.length)
    }),
    { numRuns: 60 },
  )
})
