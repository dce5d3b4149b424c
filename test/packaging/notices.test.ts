import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'

const script = path.resolve(import.meta.dirname, '../../../scripts/notices.mjs')
const { collectNotices } = await import(pathToFileURL(script).href)

const root = mkdtempSync(path.join(tmpdir(), 'teleport-notices-'))
test.after.always(() => rmSync(root, { recursive: true, force: true }))

function addPackage(folder: string, license: string, text?: string): void {
  mkdirSync(path.join(root, folder), { recursive: true })
  const name = folder.replace(/^.*node_modules\//, '')
  writeFileSync(
    path.join(root, folder, 'package.json'),
    JSON.stringify({ name, version: '1.0.0', license, author: 'Ada' }),
  )
  if (text) writeFileSync(path.join(root, folder, 'LICENSE'), text)
}

addPackage('node_modules/a', 'MIT', 'Terms of a')
addPackage('node_modules/a/node_modules/@s/b', '(MIT AND Zlib)', 'Terms of b')
addPackage('node_modules/forgetful', 'MIT')
addPackage('node_modules/unused', 'MIT', 'Terms of unused')
addPackage('node_modules/closed', 'SEE LICENSE IN EULA', 'Pay')
addPackage('node_modules/mixed', 'MIT AND GPL-3.0-only', 'Share')

const bundleOf = (...files: string[]) => ({
  outputs: { 'dist/x.js': { inputs: Object.fromEntries(files.map((file) => [file, { bytesInOutput: 1 }])) } },
})

test('every package in the bundle is named with its terms, and no other', async (t) => {
  const bundle = bundleOf('src/main.ts', 'node_modules/a/lib/x.js', 'node_modules/a/node_modules/@s/b/y.js')
  const notices = await collectNotices(
    { outputs: { ...bundle.outputs, y: { inputs: { 'node_modules/unused/z.js': { bytesInOutput: 0 } } } } },
    root,
  )
  t.regex(notices, /## @s\/b 1\.0\.0\n\n- Licence: \(MIT AND Zlib\)\n- By: Ada\n\n {4}Terms of b\n/)
  t.regex(notices, /## a 1\.0\.0\n\n- Licence: MIT\n- By: Ada\n\n {4}Terms of a\n/)
  t.notRegex(notices, /unused|main/)
})

test('a package without its licence text is given the same text of another', async (t) => {
  const notices = await collectNotices(bundleOf('node_modules/a/x.js', 'node_modules/forgetful/x.js'), root)
  t.regex(notices, /## forgetful 1\.0\.0[^#]*terms are those under a,/)
  await t.throwsAsync(collectNotices(bundleOf('node_modules/forgetful/x.js'), root), { message: /no text/ })
})

for (const name of ['closed', 'mixed']) {
  test(`a licence that nobody has allowed stops the build: ${name}`, async (t) => {
    await t.throwsAsync(collectNotices(bundleOf(`node_modules/${name}/x.js`), root), {
      message: /has the licence/,
    })
  })
}
