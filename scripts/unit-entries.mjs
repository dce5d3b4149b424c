/**
 * The quick half of the tests: units and properties, one entry for each folder of sources. `*.live.test.ts` beside them run
 * real programs and belong to the other half. One entry a folder, because each test file of its own costs AVA a worker
 * that loads everything anew: half of the run's time.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')

export const unitFolders = [
  'architecture',
  'bundle',
  'claude',
  'cmd',
  'core',
  'crypto',
  'demo',
  'git-store',
  'redact',
  'review',
  'trust',
  'web',
]

/** Whether a compiled test, named below build/test, belongs to the quick half. */
export function isUnitTest(name) {
  const [folder] = name.split(path.sep)
  return unitFolders.includes(folder) && name.endsWith('.test.js') && !name.endsWith('.live.test.js')
}

/** Writes build/unit/<folder>.js, each importing the tests of its folder, and returns the paths of all entries. */
export function writeUnitEntries() {
  const entries = path.join(root, 'build/unit')
  const tests = readdirSync(path.join(root, 'build/test'), { recursive: true })
    .filter(isUnitTest)
    .filter(isCurrent)
  rmSync(entries, { recursive: true, force: true })
  mkdirSync(entries, { recursive: true })
  const alone = tests.filter(awaitsAtTop)
  const folders = unitFolders.filter((folder) => {
    const own = tests.filter((name) => name.split(path.sep)[0] === folder && !alone.includes(name))
    const imports = own.sort().map((name) => `import '../test/${withSlashes(name)}'\n`)
    if (own.length > 0) writeFileSync(path.join(entries, `${folder}.js`), imports.join(''))
    return own.length > 0
  })
  return [
    ...folders.map((name) => `build/unit/${name}.js`),
    ...alone.map((name) => `build/test/${withSlashes(name)}`),
  ]
}

/** What was compiled from a file that is gone stays in build/. */
function isCurrent(name) {
  return existsSync(path.join(root, 'test', name.replace(/\.js$/, '.ts')))
}

/**
 * AVA wants the tests of an entry declared at once, so that a file that awaits before its tests, or whose helper does,
 * needs an entry of its own.
 */
function awaitsAtTop(name) {
  const file = path.join(root, 'build/test', name)
  const helpers = [...readFileSync(file, 'utf8').matchAll(/from '(\.\/[^']+)'/g)].map(([, helper]) =>
    path.resolve(path.dirname(file), helper),
  )
  return [file, ...helpers].some((each) =>
    /^(?:(?:export )?(?:const|let) .* = )?await /m.test(readFileSync(each, 'utf8')),
  )
}

function withSlashes(name) {
  return name.replaceAll(path.sep, '/')
}
