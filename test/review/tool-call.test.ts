/** Calls and what they came to, in a line. */

import test from 'ava'
import { digestText } from '../../src/review/tool-call.ts'

test('a result is told by the first line that says something', (t) => {
  t.deepEqual(digestText('\none\ntwo\nthree\n'), { firstLine: 'one', more: 2 })
  t.deepEqual(digestText(' \n'), { firstLine: '(nothing)', more: 0 })
  t.deepEqual(digestText('<persisted-output>\nOutput too large (80.6KB).\n\nPreview'), {
    firstLine: 'Output too large (80.6KB).',
    more: 3,
  })
  // What is nothing but a tag is what it says.
  t.deepEqual(digestText('<br>'), { firstLine: '<br>', more: 0 })
  t.deepEqual(digestText('<a>\n<b>'), { firstLine: '<b>', more: 1 })
})
