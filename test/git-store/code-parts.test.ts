/** The pure parts of carrying code: paths, bundle headers, entries, branches. */

import test from 'ava'
import fc from 'fast-check'
import { hasCode } from '../../src/errors.ts'
import { type LocalBranch, planBranch } from '../../src/git-store/branch-plan.ts'
import { parseBundleHeader } from '../../src/git-store/git-bundle.ts'
import { indexInfo, joinZ, parseRawChanges, parseTreePaths, splitZ } from '../../src/git-store/raw-entries.ts'
import { isSafeTreePath } from '../../src/git-store/tree-path.ts'
import { asOid } from './sandbox.ts'

const one = asOid('1'.repeat(40))
const two = asOid('2'.repeat(40))

for (const path of [
  ...['', '/etc/passwd', 'a//b', 'a/', './a', 'a/../b', '..', '.git', 'a/.git/config', '.GIT/x', '.Git '],
  ...[
    '.git.',
    '.git...',
    'git~1',
    'GIT~2/x',
    '.g\u200cit/x',
    '.gi\ufefft',
    '\uff0egit',
    '.git:stream',
    'a\\.git\\x',
  ],
  ...['a\\..\\b', 'a\0b', '.git::$INDEX_ALLOCATION/x'],
]) {
  test(`no path of a tree may be ${JSON.stringify(path)}`, (t) => t.false(isSafeTreePath(path)))
}

test('other paths of a tree may be anything', (t) => {
  const fine = [
    '.gitignore',
    '.github/x',
    'a.git/b',
    'git',
    'a b',
    'a\nb',
    '...',
    '..a',
    'git~',
    'x:y',
    '"q"',
    '💡',
  ]
  t.deepEqual(
    fine.filter((path) => !isSafeTreePath(path)),
    [],
  )
})

test('a bundle header says its refs, its needs and where its pack begins', (t) => {
  const text = `# v2 git bundle\n-${one} a subject: with words\n${two} refs/code/head\n\nPACK`
  t.deepEqual(parseBundleHeader(Buffer.from(text), 'it'), {
    refs: new Map([['refs/code/head', two]]),
    needs: [one],
    packAt: text.length - 4,
  })
})

for (const [what, text] of Object.entries({
  'an unknown version': `# v4 git bundle\n${one} refs/x\n\n`,
  'a filter': `# v3 git bundle\n@filter=blob:none\n${one} refs/x\n\n`,
  'no end': `# v2 git bundle\n${one} refs/x\n`,
  'one ref twice': `# v2 git bundle\n${one} refs/x\n${two} refs/x\n\n`,
  'no name': `# v2 git bundle\n${one}\n\n`,
  'a short id': '# v2 git bundle\n1234 refs/x\n\n',
  'nothing at all': '',
})) {
  test(`a bundle header with ${what} is refused`, (t) => {
    const error = t.throws(() => parseBundleHeader(Buffer.from(text), 'it'))
    t.true(hasCode(error, 'damaged-bundle'))
  })
}

test('what is written for git is read back, whatever bytes a path has', (t) => {
  const path = fc
    .uint8Array({ minLength: 1, maxLength: 12 })
    .map((bytes) => Buffer.from(bytes.map((byte) => byte || 1)).toString('latin1'))
  fc.assert(
    fc.property(fc.array(path), (paths) => {
      t.deepEqual(splitZ(joinZ(paths)), paths)
      const rows = paths.map((name) => ({ mode: '100644', oid: one, path: name }))
      t.deepEqual(
        parseTreePaths(
          Buffer.from(
            indexInfo(rows)
              .toString('latin1')
              .replaceAll(' ', ' ')
              .replaceAll(`100644 ${one}\t`, `100644 blob ${one}\t`),
            'latin1',
          ),
        ),
        rows,
      )
      const raw = joinZ(paths.flatMap((name) => [`:100644 000000 ${one} ${two} D`, name]))
      t.deepEqual(
        parseRawChanges(raw),
        paths.map((name) => ({
          oldMode: '100644',
          newMode: '000000',
          oldOid: one,
          newOid: two,
          status: 'D',
          path: name,
        })),
      )
    }),
    { numRuns: 50 },
  )
})

const plan = (branches: Readonly<Record<string, LocalBranch>>, wanted: string | null = 'main') => {
  const { branch, expected, told } = planBranch(wanted, 'abcd1234', (name) => branches[name])
  return [branch, expected, told?.replace(/ and is left as it is.*/, '') ?? null]
}

test('a branch is made, taken or moved forward, and never taken from anybody', (t) => {
  const side = 'main-teleport-abcd1234'
  const there = (relation: LocalBranch['relation'], inUse = false): LocalBranch => ({
    commit: one,
    relation,
    inUse,
  })
  t.deepEqual(plan({}, null), [null, null, null])
  t.deepEqual(plan({}), ['main', null, null])
  t.deepEqual(plan({ main: there('same') }), ['main', one, null])
  t.deepEqual(plan({ main: there('behind') }), ['main', one, 'branch main was moved forward'])
  t.deepEqual(plan({ main: there('other') }), [side, null, 'branch main went another way here'])
  t.deepEqual(plan({ main: there('same', true) }), [
    side,
    null,
    'branch main is checked out in another work tree',
  ])
  t.deepEqual(plan({ main: there('other'), [side]: there('same') })[1], one)
  t.deepEqual(plan({ main: there('other'), [side]: there('behind') })[0], `${side}-2`)
  t.deepEqual(
    plan({ main: there('other'), [side]: there('same', true), [`${side}-2`]: there('other') })[0],
    `${side}-3`,
  )
})
