import test from 'ava'
import fc from 'fast-check'
import { cutToWidth, padToWidth, textWidth } from '../../src/review/width.ts'

const takes = test.macro({
  exec: (t, text: string, columns: number) => t.is(textWidth(text), columns),
  title: (_, text: string, columns: number) => `${JSON.stringify(text)} takes ${columns} columns`,
})

test(takes, '', 0)
test(takes, 'plain', 5)
test(takes, 'Åé', 2)
test(takes, 'e\u0301', 1)
test(takes, '日本語', 6)
test(takes, '한글', 4)
test(takes, 'ｆｕｌｌ', 8)
test(takes, 'ﾊﾝｶｸ', 4)
test(takes, '“quoted” – …', 12)
test(takes, '👍', 2)
test(takes, '✅ done', 7)
test(takes, '✔ done', 6)
test(takes, '⚠\ufe0f', 2)
test(takes, '🇸🇪', 2)
test(takes, '𠮷', 2)
test(takes, 'नमस्ते', 4)
test(takes, 'שלום', 4)

test('a wide letter is not cut in half', (t) => {
  t.is(cutToWidth('日本語', 6), '日本語')
  t.is(cutToWidth('日本語', 5), '日本…')
  t.is(cutToWidth('日本語', 4), '日…')
  t.is(cutToWidth('日本語', 1), '…')
  t.is(cutToWidth('e\u0301e\u0301e\u0301', 2), 'e\u0301…')
})

test('what is cut fits, and what fits is not cut', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 0, max: 30 }), (text, columns) => {
      const cut = cutToWidth(text, columns)
      t.true(textWidth(cut) <= columns)
      t.is(cut === text, textWidth(text) <= columns)
      t.is(textWidth(padToWidth(cut, columns)), columns)
    }),
  )
})
