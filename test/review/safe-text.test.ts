import test from 'ava'
import fc from 'fast-check'
import { safeLine, safeText } from '../../src/review/safe-text.ts'
import { textWidth } from '../../src/review/width.ts'

const forbidden = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/u

const becomes = test.macro({
  exec: (t, hostile: string, harmless: string) => t.is(safeText(hostile), harmless),
  title: (title) => title ?? '',
})

test('a colour goes without a trace', becomes, '\x1b[1;31mred\x1b[0m', 'red')
test('a true colour with colons goes without a trace', becomes, '\x1b[38:2::255:0:0mred\x1b[m', 'red')
test('clearing the screen has no effect', becomes, 'a\x1b[2J\x1b[Hb', 'ab')
test('the one-byte form of an escape has no effect', becomes, 'a\x9b31mb', 'ab')
test('a window title stays readable and does nothing', becomes, '\x1b]0;pwned\x07text', ']0;pwnedtext')
test('a link does not hide where it leads', becomes, '\x1b]8;;https://evil/\x1b\\ok', ']8;;https://evil/\\ok')
test('the clipboard is not written', becomes, '\x1b]52;c;ZXZpbA==\x07', ']52;c;ZXZpbA==')
test('a device request gets no answer', becomes, '\x1bP$q q\x1b\\\x1b[6n', 'P$q q\\')
test('an escape cut in two by a hidden letter is none', becomes, '\x1b\u200b[31mx', '[31mx')
test('an escape that appears when another one goes is none', becomes, '\x1b\x1b[0m[31mx', '[31mx')
test('text is not turned around', becomes, 'a\u202egnp.exe\u2066b\u2069', 'agnp.exeb')
test('hidden letters do not hide', becomes, 'pay\u200b\u2060\ufeff\u00adpal\u{e0041}', 'paypal')
test('private and unassigned letters go', becomes, '\ue000\u{10ffff}\u{f0000}\u0378x', 'x')
test('half of a letter goes', becomes, 'a\ud83db\ude00c', 'abc')
test('a line stays one line', becomes, 'a\u2028b\u2029c\x85d\x0be', 'abcde')
test('lines are kept, however they end', becomes, 'a\r\nb\rc\nd', 'a\nb\nc\nd')
test('a tab becomes spaces', becomes, 'a\tb', 'a    b')
test('backspaces do not overwrite', becomes, 'safe\b\b\b\bevil\x7f', 'safeevil')
test(
  'letters of all languages stay',
  becomes,
  'ÅÄÖ 日本語 한국어 עברית नमस्ते 👍🏽 é',
  'ÅÄÖ 日本語 한국어 עברית नमस्ते 👍🏽 é',
)

/** Letters that attacks are made of, more often than chance would bring them. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\x1b',
        '\x1b[',
        '\x1b]',
        '\x9b',
        '\x9d',
        '\x07',
        '\u202e',
        '\u200d',
        '\r',
        '\n',
        '\t',
        '\ud800',
        '31m',
        ';',
      ),
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme' }),
    ),
  )
  .map((parts) => parts.join(''))

test('whatever comes in, only harmless letters come out, and once is enough', (t) => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const safe = safeText(text)
      t.notRegex(safe.replaceAll('\n', ''), forbidden)
      t.is(safeText(safe), safe)
    }),
  )
})

test('a safe line is one line and fits', (t) => {
  fc.assert(
    fc.property(hostileText, fc.integer({ min: 0, max: 60 }), (text, columns) => {
      const line = safeLine(text, columns)
      t.notRegex(line, forbidden)
      t.true(textWidth(line) <= columns)
    }),
  )
})

test('a line that is cut says so', (t) => {
  t.is(safeLine('hello world', 8), 'hello w…')
  t.is(safeLine('hello', 5), 'hello')
  t.is(safeLine('  two\n\n  words\t', 20), 'two words')
  t.is(safeLine('anything', 0), '')
})

test('a tower of marks stays low', (t) => {
  t.true(safeLine(`a${'\u0301'.repeat(100_000)}b`, 10).length <= 20)
})
