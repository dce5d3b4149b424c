import test from 'ava'
import fc from 'fast-check'
import { TeleportError } from '../../src/errors.ts'
import type { TreeEntry } from '../../src/git-store/object-codec.ts'
import { encodeTree, parseTree } from '../../src/git-store/tree-object.ts'
import { asOid } from './sandbox.ts'

const oid = asOid('ab'.repeat(20))
const file = (name: string): TreeEntry => ({ mode: '100644', name, oid })
const folder = (name: string): TreeEntry => ({ mode: '040000', name, oid })

test('what was encoded is parsed again, sorted by git', (t) => {
  const name = fc.stringMatching(/^[a-z0-9.-]{1,5}$/).filter((text) => !/^\.{1,2}$|^\.git$/.test(text))
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 30 }), fc.nat(), (names, seed) => {
      const entries = names.map((text, index) => ((seed >> (index % 20)) & 1 ? file(text) : folder(text)))
      const parsed = parseTree(encodeTree(entries), 'sha1')
      const byName = (a: TreeEntry, b: TreeEntry) => (a.name < b.name ? -1 : 1)
      t.deepEqual([...parsed].sort(byName), [...entries].sort(byName))
    }),
  )
})

test('a folder sorts as if its name ended in a slash', (t) => {
  const parsed = parseTree(encodeTree([folder('a'), file('a-b'), file('a.b')]), 'sha1')
  t.deepEqual(
    parsed.map((entry) => entry.name),
    ['a-b', 'a.b', 'a'],
  )
})

const row = (mode: string, name: string | Buffer) =>
  Buffer.concat([Buffer.from(`${mode} `), Buffer.from(name), Buffer.from([0]), Buffer.from(oid, 'hex')])

const hostile: Readonly<Record<string, Buffer>> = {
  'an executable': row('100755', 'a'),
  'a symbolic link': row('120000', 'a'),
  'a submodule': row('160000', 'a'),
  'a zero-padded mode': row('040000', 'a'),
  'a group-writable file': row('100664', 'a'),
  'a slash in a name': row('100644', 'a/b'),
  'a backslash in a name': row('100644', 'a\\b'),
  'a line feed in a name': row('100644', 'a\nb'),
  'an empty name': row('100644', ''),
  'a dot': row('40000', '.'),
  'two dots': row('40000', '..'),
  'a .git folder in any case': row('40000', '.GiT'),
  'a name that is not UTF-8': row('100644', Buffer.from([0xff])),
  'a duplicate': Buffer.concat([row('100644', 'a'), row('100644', 'a')]),
  'a file and a folder of one name': Buffer.concat([
    row('100644', 'a'),
    row('100644', 'a-'),
    row('40000', 'a'),
  ]),
  'the wrong order': Buffer.concat([row('100644', 'b'), row('100644', 'a')]),
  'a cut object id': row('100644', 'a').subarray(0, -1),
  'no object id': Buffer.from('100644 a'),
}
for (const [what, bytes] of Object.entries(hostile)) {
  test(`refuses a tree with ${what}`, (t) => {
    t.throws(() => parseTree(bytes, 'sha1'), { code: 'unsafe-bundle' })
  })
}

test('arbitrary bytes never crash the parser of a tree-object', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        t.deepEqual(Buffer.from(encodeTree(parseTree(bytes, 'sha1'))), Buffer.from(bytes))
      } catch (error) {
        t.true(error instanceof TeleportError && error.code === 'unsafe-bundle')
      }
    }),
  )
})

test('a name that readers would refuse is a bug of the writer', (t) => {
  t.throws(() => encodeTree([file('a/b')]), { code: 'bug' })
  t.throws(() => encodeTree([file('a'), folder('a')]), { code: 'bug' })
})
