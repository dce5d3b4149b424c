/** Reads the table in docs/architecture.md and holds every source file to it. */

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'

const root = path.resolve(import.meta.dirname, '../../..')

interface Layer {
  readonly mayImport: readonly string[]
  readonly owns: readonly string[]
}

/** Rows of the table, keyed by folder or file name below `src`, without extension. */
function readTable(markdown: string): Map<string, Layer> {
  const rows = markdown.split('\n').filter((line) => line.startsWith('| `src/'))
  return new Map(
    rows.map((line) => {
      const [, folder = '', , mayImport = '', owns = ''] = line.split('|')
      const words = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
      const name = (words(folder)[0] ?? '').replace(/^src\//, '').replace(/\.(?:cts|tsx?)$/, '')
      return [name, { mayImport: words(mayImport), owns: words(owns) }]
    }),
  )
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(?:cts|tsx?)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
}

/** Every specifier that a file imports, statically or lazily. */
function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '')
  const pattern = /(?:\bfrom\s+|\bimport\s*\(\s*|^\s*import\s+)(['"])([^'"\n]+)\1/gm
  return [...code.matchAll(pattern)].map((match) => match[2] ?? '')
}

const layerOf = (file: string) =>
  path
    .relative(path.join(root, 'src'), file)
    .split(path.sep)[0]
    ?.replace(/\.(?:cts|tsx?)$/, '') ?? ''

const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

const table = readTable(readFileSync(path.join(root, 'docs/architecture.md'), 'utf8'))
const files = sourceFiles(path.join(root, 'src'))

/** What is wrong with one import of one file, or undefined. */
function complaint(file: string, specifier: string): string | undefined {
  const from = layerOf(file)
  const layer = table.get(from)
  if (!layer) return `src/${from} has no row in docs/architecture.md`
  if (specifier.startsWith('node:')) return undefined
  if (!specifier.startsWith('.')) {
    return layer.owns.includes(packageOf(specifier)) ? undefined : `src/${from} does not own ${specifier}`
  }
  const to = layerOf(path.resolve(path.dirname(file), specifier))
  if (to === from || to === 'model' || to === 'errors') return undefined
  return layer.mayImport.includes(to) ? undefined : `src/${from} may not import src/${to}`
}

test('every import stays within the table of docs/architecture.md', (t) => {
  const wrong = files.flatMap((file) =>
    importsOf(readFileSync(file, 'utf8')).flatMap((specifier) => {
      const what = complaint(file, specifier)
      return what ? [`${path.relative(root, file)}: ${what}`] : []
    }),
  )
  t.deepEqual(wrong, [])
})

test('a forbidden import is noticed', (t) => {
  const file = path.join(root, 'src/claude/imaginary.ts')
  t.regex(complaint(file, '../crypto/envelope.ts') ?? '', /may not import src\/crypto/)
  t.regex(complaint(file, 'isomorphic-git') ?? '', /does not own/)
  t.regex(complaint(path.join(root, 'src/nowhere/x.ts'), 'node:fs') ?? '', /has no row/)
  t.is(complaint(file, '../model.ts'), undefined)
  t.deepEqual(importsOf("import a from 'x'\nconst b = await import('./y.ts')\nexport { c } from '@s/z/w'"), [
    'x',
    './y.ts',
    '@s/z/w',
  ])
})

test('what runs in a browser makes no HTML, and in a file asks nobody for anything', (t) => {
  const reaches =
    /['"]node:|\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|\bimport\(|localStorage|sessionStorage|indexedDB|document\.cookie/
  const makes =
    /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser/
  const wrong = files
    .filter((file) => layerOf(file) === 'web')
    .filter((file) => {
      const source = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      // The local page alone has a server to ask.
      const isLocalPage = path.relative(path.join(root, 'src/web'), file).startsWith('app')
      return makes.test(source) || (!isLocalPage && reaches.test(source))
    })
  t.deepEqual(
    wrong.map((file) => path.relative(root, file)),
    [],
  )
  t.true(files.some((file) => file.endsWith('message.tsx')))
})

test('use cases do no I/O of their own', (t) => {
  const allowed = new Set(['node:path', 'node:stream', 'node:crypto'])
  const wrong = files
    .filter((file) => layerOf(file) === 'core')
    .flatMap((file) => {
      const source = readFileSync(file, 'utf8')
      const imports = importsOf(source).filter((name) => name.startsWith('node:') && !allowed.has(name))
      const globals = /\b(?:process|console)\./.test(source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''))
        ? ['process or console']
        : []
      return [...imports, ...globals].map((name) => `${path.relative(root, file)}: ${name}`)
    })
  t.deepEqual(wrong, [])
})

test('nothing that the library reaches prints, or reads the process', (t) => {
  const reached = new Set<string>()
  const visit = (file: string): void => {
    if (reached.has(file)) return
    reached.add(file)
    const names = importsOf(readFileSync(file, 'utf8')).filter((name) => name.startsWith('.'))
    for (const name of names) visit(path.resolve(path.dirname(file), name))
  }
  for (const entry of ['index.ts', 'agent-sdk.ts']) visit(path.join(root, 'src', entry))
  t.true(reached.has(path.join(root, 'src/core/push.ts')))
  const reads = /\b(?:console\.|process\.(?:env|cwd|argv|exit|exitCode|std\w+|title|umask|chdir)\b)/
  const wrong = [...reached].filter((file) =>
    reads.test(readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')),
  )
  t.deepEqual(wrong, [])
})

test('refs/teleport is spelled in one file only', (t) => {
  const spelling = files.filter((file) =>
    readFileSync(file, 'utf8')
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      .includes('refs/teleport'),
  )
  t.deepEqual(
    spelling.map((file) => path.relative(root, file)).filter((file) => file !== 'src/git-store/refs.ts'),
    [],
  )
})

test('no file imports itself through others', (t) => {
  const graph = new Map(
    files.map((file) => [
      file,
      importsOf(readFileSync(file, 'utf8'))
        .filter((name) => name.startsWith('.'))
        .map((name) => path.resolve(path.dirname(file), name)),
    ]),
  )
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) {
      cycles.push(
        [...trail.slice(trail.indexOf(file)), file].map((name) => path.relative(root, name)).join(' > '),
      )
      return
    }
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  t.deepEqual(cycles, [])
})
