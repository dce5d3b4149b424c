import test from 'ava'
import fc from 'fast-check'
import { withoutHomes } from '../../src/core/home-paths.ts'

const home = '/srv/people/ada'

const cases = [
  ['/home/ben/shop/a.ts', '~/shop/a.ts'],
  ['cd /Users/ben.q && ls', 'cd ~ && ls'],
  ['"cwd":"C:\\\\Users\\\\Ben Q\\\\shop"', '"cwd":"~\\\\shop"'],
  ['C:/Users/ben/x', '~/x'],
  ['/srv/people/ada and /srv/people/ada/x', '~ and ~/x'],
  ['/srv/people/adam, ~/srv/people/ada', '/srv/people/adam, ~/srv/people/ada'],
  ['.claude/projects/-home-ben-shop/x.jsonl', '.claude/projects/~-shop/x.jsonl'],
  ['https://example.com/home/ben', 'https://example.com/home/ben'],
  ['./home/ben and my-home-page', './home/ben and my-home-page'],
  ['file:///home/ben/x', 'file://~/x'],
] as const

test('home folders are named by nobody', (t) => {
  for (const [text, expected] of cases) t.is(withoutHomes(text, home), expected, text)
})

test('rows stay rows, and a second time changes nothing', (t) => {
  const part = fc.constantFrom(
    '/home/',
    '/Users/',
    'C:\\Users\\',
    'ben',
    '/',
    '\\',
    '"',
    ' ',
    home,
    '-home-',
    'projects/',
    '~',
    '\n',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const row = JSON.stringify({ text: parts.join('') })
      const once = withoutHomes(row, home)
      t.notThrows(() => JSON.parse(once))
      t.is(withoutHomes(once, home), once)
    }),
    { numRuns: 200 },
  )
})
