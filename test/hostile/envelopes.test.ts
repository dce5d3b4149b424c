/** Trees, envelopes, manifests and tar streams that no program of ours writes, all signed by a member. */

import { randomBytes } from 'node:crypto'
import { brotliCompressSync, constants } from 'node:zlib'
import { zeroChain } from '../../src/bundle/chain.ts'
import { headerBlock, tarEnd, tarEntry } from '../bundle/tars.ts'
import { blob, type TreeEntry, tree } from './mallory.ts'
import { refuses } from './victim.ts'

const swapped =
  (name: string, over: Partial<TreeEntry>) =>
  (root: readonly TreeEntry[]): readonly TreeEntry[] =>
    root.map((entry) => (entry.name === name ? { ...entry, ...over } : entry))

const oddTree = /^(?:unsafe-bundle|damaged-bundle|git-failed|remote-access)$/

refuses('a tree with a folder .git', oddTree, (at) => ({
  tree: (root) => [{ mode: '040000', name: '.git', oid: tree(at, []) }, ...root],
}))
refuses('a tree with a name of its own', 'unsafe-bundle', (at) => ({
  tree: (root) => [...root, { mode: '100644', name: 'settings.json', oid: blob(at, Buffer.from('{}')) }],
}))
refuses('a link in the place of the key', 'unsafe-bundle', { tree: swapped('key.age', { mode: '120000' }) })
refuses('a submodule in the place of the manifest', oddTree, {
  tree: swapped('manifest.age', { mode: '160000' }),
})
refuses('an executable manifest', 'unsafe-bundle', { tree: swapped('manifest.age', { mode: '100755' }) })
refuses('a file in the place of the segments', oddTree, (at) => ({
  tree: swapped('segments', { mode: '100644', oid: blob(at, Buffer.from('x')) }),
}))
refuses('two manifests', oddTree, {
  tree: (root) => root.flatMap((each) => (each.name === 'manifest.age' ? [each, each] : [each])),
})
refuses('a segment that climbs', oddTree, { segments: (all) => all.map((each) => ({ ...each, name: '..' })) })
refuses('a segment with a path for a name', oddTree, {
  segments: (all) => all.map((each) => ({ ...each, name: '../../hooks/post-checkout' })),
})
refuses('a linked segment', 'unsafe-bundle', {
  segments: (all) => all.map((each) => ({ ...each, mode: '120000' })),
})
refuses('a segment that the manifest does not name', 'damaged-bundle', {
  segments: (all) => all.flatMap((each) => [each, { ...each, name: '0002' }]),
})
refuses('a manifest without its segment', 'damaged-bundle', { segments: () => [] })
refuses('a segment in parts with one missing', 'damaged-bundle', {
  segments: (all) => all.map((each) => ({ ...each, name: '0001.01' })),
})

refuses('a key file of random bytes', 'damaged-bundle', { keyAge: randomBytes(300) })
refuses('an empty key file', 'damaged-bundle', { keyAge: Buffer.alloc(0) })
refuses('a key file of more than half a megabyte', oddTree, { keyAge: Buffer.alloc(600_000, 'a') })
const stanza = `-> X25519 ${'A'.repeat(43)}\n${'A'.repeat(43)}\n`
refuses('a header of four thousand stanzas', /^(?:damaged-bundle|unsafe-bundle)$/, {
  keyAge: Buffer.from(`age-encryption.org/v1\n${stanza.repeat(4000)}--- ${'A'.repeat(43)}\n`),
})
refuses('headers nested in headers', /^(?:damaged-bundle|unsafe-bundle|not-a-reader)$/, {
  keyAge: Buffer.from(
    `age-encryption.org/v1\n-> ssh-ed25519 ${'age-encryption.org/v1 '.repeat(50)}\n\n--- ${'A'.repeat(43)}\n`,
  ),
})
refuses(
  'a passphrase in the place of keys, which would cost a gigabyte',
  /^(?:damaged-bundle|not-a-reader)$/,
  {
    keyAge: Buffer.from(
      `age-encryption.org/v1\n-> scrypt ${'A'.repeat(22)} 20\n${'A'.repeat(43)}\n--- ${'A'.repeat(43)}\n${'x'.repeat(40)}`,
    ),
  },
)
refuses('a manifest of random bytes', 'damaged-bundle', { manifestAge: randomBytes(300) })
refuses('a manifest of two megabytes', oddTree, { manifestAge: Buffer.alloc(2 * 1024 ** 2) })
refuses('a manifest that unpacks to three hundred megabytes', /^(?:damaged-bundle|unsafe-bundle)$/, {
  manifestText: () => Buffer.alloc(300 * 1024 ** 2, ' '),
})
refuses('a manifest nested a hundred thousand deep', 'damaged-bundle', {
  manifestText: () => '['.repeat(100_000) + ']'.repeat(100_000),
})
refuses('a manifest with a prototype instead of members', 'damaged-bundle', {
  manifestText: (json) => `{"__proto__":${json}}`,
})
refuses('a manifest that is no UTF-8', 'damaged-bundle', {
  manifestText: (json) => Buffer.concat([Buffer.from(json.slice(0, -2)), Buffer.from([0xff, 0x22, 0x7d])]),
})
refuses('a manifest of a later format', 'format-too-new', { manifest: (m) => ({ ...m, format: 2 }) })

const segments = (over: object) => ({
  manifest: (manifest: { readonly segments: readonly object[] }) => ({
    ...manifest,
    segments: manifest.segments.map((segment) => ({ ...segment, ...over })),
  }),
})
refuses('a segment of a terabyte', /^(?:unsafe-bundle|damaged-bundle)$/, segments({ sizes: [100, 1e12] }))
refuses('a segment of negative size', 'damaged-bundle', segments({ sizes: [100, -1] }))
refuses('a segment of an origin that is not there', 'damaged-bundle', segments({ origin: 7 }))
refuses('a segment of a later push', 'damaged-bundle', segments({ seq: [1, 9] }))
refuses('a codec that is not known', 'damaged-bundle', segments({ codec: 'tar+shell' }))
refuses('a segment in a thousand parts', 'damaged-bundle', segments({ parts: 1000 }))
refuses('a device id that is a path', 'damaged-bundle', segments({ by: '../../../../etc/passwd' }))
refuses('a title of a megabyte', /^(?:damaged-bundle|unsafe-bundle)$/, {
  manifest: (m) => ({ ...m, title: 'x'.repeat(1_000_000) }),
})
refuses('pieces that do not add up to the manifest', 'damaged-bundle', {
  manifest: (m) => ({ ...m, files: { ...m.files, fold: 'a'.repeat(64) } }),
})
refuses('a ciphertext that is not the declared one', 'damaged-bundle', {
  segmentAge: (sealed) => Buffer.concat([sealed, Buffer.from('x')]),
})
refuses('a ciphertext that was cut', 'damaged-bundle', { segmentAge: (sealed) => sealed.subarray(0, -20) })

for (const [key, value] of Object.entries({
  root: '../../..',
  home: 'relative',
  config: '',
  cwd: '/home/m\0allory',
  projectDir: '../../../.ssh',
  platform: 'plan9',
}))
  refuses(`an origin whose ${key} is ${JSON.stringify(value)}`, /^(?:damaged-bundle|unsafe-bundle)$/, {
    manifest: (m) => ({ ...m, origins: m.origins.map((origin) => ({ ...origin, [key]: value })) }),
  })

const badTar = /^(?:unsafe-bundle|damaged-bundle)$/
for (const type of ['SymbolicLink', 'Link', 'CharacterDevice', 'BlockDevice', 'FIFO', 'Directory'] as const)
  refuses(`a tar entry that is a ${type}`, badTar, {
    tar: (table, entries) =>
      Buffer.concat([
        table,
        headerBlock({ path: 'session.jsonl', type, linkpath: '/etc/passwd', size: 0 }),
        ...entries.map((each) => each.subarray(512)),
        tarEnd,
      ]),
  })
refuses('a tar entry under another name than the table says', badTar, {
  tar: (table) => Buffer.concat([table, tarEntry('../../.bashrc', 'x'), tarEnd]),
})
refuses('a tar entry beyond the table', badTar, {
  tar: (table, entries) => Buffer.concat([table, ...entries, tarEntry('uploads/more', 'x'), tarEnd]),
})
refuses('a pax header that renames what follows', badTar, {
  tar: (table, entries) => {
    const body = Buffer.from('22 path=../../.bashrc\n')
    const pax = headerBlock({ path: 'pax', size: body.length, type: 'ExtendedHeader' })
    return Buffer.concat([table, pax, body, Buffer.alloc(512 - body.length), ...entries, tarEnd])
  },
})
refuses('a second table', badTar, {
  tar: (table, entries) => Buffer.concat([table, table, ...entries, tarEnd]),
})
refuses('no table', badTar, { tar: (_, entries) => Buffer.concat([...entries, tarEnd]) })
refuses('a table of a hundred thousand and one rows', 'unsafe-bundle', {
  table: () => {
    const row = `{"name":"uploads/f","gen":1,"op":"whole","at":0,"size":0,"sha256":"${'0'.repeat(64)}"}`
    return Buffer.from(`{"v":1,"pieces":[\n${Array.from({ length: 100_001 }, () => row).join(',\n')}\n]}\n`)
  },
})
refuses('a table nested a hundred thousand deep', badTar, {
  table: () => Buffer.from(`{"v":1,"pieces":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`),
})
refuses('a table with a prototype in a row', badTar, {
  table: () => Buffer.from('{"v":1,"pieces":[\n{"__proto__":{"name":"session.jsonl"},"gen":1}\n]}\n'),
})

/** 512 MB of zeros in a few hundred bytes, declared as what the table alone would take. */
refuses('a bomb behind a small declared size', badTar, () => ({
  packed: {
    bytes: brotliCompressSync(Buffer.alloc(512 * 1024 ** 2), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
    }),
    size: 4096,
    sha256: zeroChain,
  },
}))
