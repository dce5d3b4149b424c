/** Patches without context, and which commits one was made of. */

import test from 'ava'
import { type BarePatch, barePatchReader, partsOf } from '../../src/core/bare-patch.ts'
import { addTie, directTies, samePatch, type Tie } from '../../src/core/direct-ties.ts'
import type { LinkedSession } from '../../src/core/link-index.ts'
import { parseBlame, unquoted } from '../../src/git-store/blame.ts'
import { isOid, type Oid, parseSessionId } from '../../src/model.ts'

function oid(digit: string): Oid {
  const text = digit.repeat(40)
  if (isOid(text)) return text
  throw new Error(digit)
}

function read(text: string): readonly BarePatch[] {
  const found: BarePatch[] = []
  const reader = barePatchReader((patch) => found.push(patch))
  for (const line of text.split('\n')) reader.line(Buffer.from(line))
  reader.end()
  return found
}

const fileOf = (name: string, at: number, removed: readonly string[], added: readonly string[]) =>
  [
    `diff --git a/${name} b/${name}`,
    `index ${'1'.repeat(40)}..${String(at).repeat(40).slice(0, 40)} 100644`,
    `--- a/${name}`,
    `+++ b/${name}`,
    `@@ -${at},${removed.length} +${at},${added.length} @@ somewhere`,
    ...removed.map((line) => `-${line}`),
    ...added.map((line) => `+${line}`),
  ].join('\n')

test('the id of a change is that of its lines, wherever they are', (t) => {
  const [one, other, blank, elsewhere] = read(
    [
      oid('1'),
      fileOf('a', 1, ['x'], ['y', '-- looks like a header', '++ b/another']),
      oid('2'),
      fileOf('a', 7, ['x'], ['y', '-- looks like a header', '++ b/another']),
      oid('3'),
      fileOf('a', 7, ['x'], ['y ', '-- looks like a header', '++ b/another']),
      oid('4'),
      fileOf('b', 7, ['x'], ['y', '-- looks like a header', '++ b/another']),
    ].join('\n'),
  )
  t.is(one?.id, other?.id)
  t.not(one?.id, blank?.id)
  t.not(one?.id, elsewhere?.id)
  t.deepEqual(one?.files, [
    { path: 'a', added: ['y', '-- looks like a header', '++ b/another'], removed: ['x'] },
  ])
})

test('parts are those that add up exactly; one line more or less, and there are none', (t) => {
  const [first, second, foreign, whole, more] = read(
    [
      [oid('1'), fileOf('a', 1, [], ['one'])],
      [oid('2'), fileOf('a', 1, ['old'], ['two']), fileOf('b', 1, [], ['three'])],
      [oid('3'), fileOf('c', 1, [], ['four'])],
      [oid('4'), fileOf('a', 1, ['old'], ['two', 'one']), fileOf('b', 1, [], ['three'])],
      [oid('5'), fileOf('a', 1, ['old'], ['two', 'one', 'five']), fileOf('b', 1, [], ['three'])],
    ]
      .flat()
      .join('\n'),
  )
  if (!first || !second || !foreign || !whole || !more) return t.fail()
  t.deepEqual(partsOf(whole, [foreign, first, second]), [oid('1'), oid('2')])
  t.is(partsOf(more, [foreign, first, second]), undefined)
  t.is(partsOf(whole, [foreign, first]), undefined)
  t.is(partsOf(first, [first]), undefined)
})

const sessionNamed = (n: number, commits: readonly Oid[]): LinkedSession => ({
  session: parseSessionId(`${String(n).repeat(8)}-91c4-4d6f-9a37-0123456789ab`),
  title: null,
  author: '',
  host: '',
  known: 'manifest',
  tip: null,
  behind: false,
  links: commits.map((commit) => ({
    commit,
    tree: null,
    patchId: null,
    branch: null,
    message: `m${commit[0]}`,
    time: null,
  })),
})

const told = (ties: readonly Tie[] | undefined) =>
  ties?.map(({ session, how }) => `${session.session[0]} ${how}`)

test('rewrites lead from one commit to the next, many into one, and round in circles', (t) => {
  const rewrites = new Map([
    [oid('1'), [oid('2')]],
    [oid('2'), [oid('4'), oid('1')]],
    [oid('3'), [oid('4')]],
  ])
  const ties = directTies([sessionNamed(1, [oid('1')]), sessionNamed(2, [oid('3')])], rewrites)
  t.deepEqual(told(ties.get(oid('1'))), ['1 exact'])
  t.deepEqual(told(ties.get(oid('2'))), ['1 rebased'])
  t.deepEqual(told(ties.get(oid('4'))), ['1 squashed', '2 squashed'])
})

test('a link that a push made of a rewrite says no more than the rewrite', (t) => {
  const session = sessionNamed(1, [oid('1')])
  const [link] = session.links
  if (!link) return t.fail()
  const rebased: Tie = { session, link, how: 'rebased', via: oid('1') }
  const copy: Tie = { session, link: { ...link, commit: oid('2') }, how: 'exact', via: oid('2') }
  for (const order of [
    [rebased, copy],
    [copy, rebased],
  ]) {
    const ties = new Map<Oid, Tie[]>()
    for (const tie of order) addTie(ties, oid('2'), tie)
    t.deepEqual(told(ties.get(oid('2'))), ['1 rebased'])
  }
})

test('one patch of two sessions is nobody’s, unless author, date and subject tell', (t) => {
  const commit = (digit: string, authored: number) => ({
    oid: oid(digit),
    tree: oid('f'),
    parents: [],
    author: 'a',
    email: 'a@b',
    authored,
    committed: 9,
    subject: 's',
  })
  const patched = [1, 2].map((n) => {
    const session = sessionNamed(n, [oid(String(n))])
    const [link] = session.links
    if (!link) throw new Error('no link')
    return { tie: { session, link, how: 'exact', via: link.commit } as const, original: commit(String(n), n) }
  })
  t.deepEqual(told(samePatch(commit('9', 7), patched)), [])
  t.deepEqual(told(samePatch(commit('9', 2), patched)), ['2 patch'])
  t.deepEqual(told(samePatch(commit('9', 7), patched.slice(0, 1))), ['1 patch'])
})

test('blame is read line by line, with paths that git quotes and lines that are not committed', (t) => {
  const zero = '0'.repeat(40)
  const output = [
    `${oid('1')} 3 1 2`,
    'author a',
    'filename "caf\\303\\251 \\"x\\".txt"',
    `\t${oid('2')} 1 1`,
    `${oid('1')} 4 2`,
    '\t\tindented',
    `${zero} 3 3 1`,
    'filename b',
    '\tnew',
    '',
  ].join('\n')
  t.deepEqual(
    parseBlame(Buffer.from(output)).map((each) => [
      each.commit,
      each.originalPath,
      each.originalLine,
      each.text,
    ]),
    [
      [oid('1'), 'café "x".txt', 3, `${oid('2')} 1 1`],
      [oid('1'), 'café "x".txt', 4, '\tindented'],
      [null, 'b', 3, 'new'],
    ],
  )
  t.is(unquoted('"a\\tb\\\\"'), 'a\tb\\')
})
