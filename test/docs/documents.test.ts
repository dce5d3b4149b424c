/** Documents point to things that are there, and tracked files name nobody's machine. */

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { slashVerbs } from '../../src/core/slash-command.ts'
import { dig, isRecord, parseJson } from '../support/json.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const read = (name: string) => readFileSync(path.join(root, name), 'utf8')
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'))

/** As GitHub makes them from headings. */
function anchorsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('links lead to files and headings that are there', (t) => {
  let links = 0
  for (const document of documents) {
    const text = read(document).replace(/```.*?```/gs, '')
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      links += 1
      if (/^https:\/\//.test(target)) continue
      const [file = '', anchor] = target.split('#')
      const name = file === '' ? document : path.join(path.dirname(document), file)
      t.true(existsSync(path.join(root, name)), `${document}: ${target}`)
      if (anchor !== undefined) t.true(anchorsOf(read(name)).includes(anchor), `${document}: ${target}`)
    }
  }
  t.true(links > 15)
})

test('files and folders that documents name are there', (t) => {
  for (const document of documents) {
    const named = [
      ...read(document).matchAll(/`((?:src|test|docs|scripts|man|fixtures|bench|hooks)\/[\w./-]*)`/g),
    ].map(([, name = '']) => name)
    t.deepEqual(
      named.filter((name) => !existsSync(path.join(root, name))),
      [],
      document,
    )
  }
})

test('every promise of the threat model names tests that exist', (t) => {
  const promised = [
    ...read('docs/threat-model.md').matchAll(/^- (.+?)\n {2}\[`(test\/[\w./-]+)`\]\([^)]+\): (.+)$/gm),
  ]
  t.true(promised.length >= 12, String(promised.length))
  for (const [, promise, file = '', list = ''] of promised) {
    const source = existsSync(path.join(root, file)) ? read(file) : ''
    const titles = list.split(' · ')
    t.true(
      titles.every((title) => source.includes(title)),
      `${promise}\n${file}: ${list}`,
    )
  }
  const bullets = read('docs/threat-model.md').split('## Promises')[1]?.split('\n## ')[0] ?? ''
  t.is(bullets.match(/^- /gm)?.length, promised.length, 'a promise without a test')
})

test('every parser of the threat model is there, with the test that damages its bytes', (t) => {
  const rows = [
    ...read('docs/threat-model.md').matchAll(
      /^\| .+? \| `(src\/[\w./-]+)` \| \[`(test\/[\w./-]+)`\]\([^)]+\): (.+) \|$/gm,
    ),
  ]
  t.true(rows.length >= 20, String(rows.length))
  for (const [, source = '', file = '', list = ''] of rows) {
    t.true(existsSync(path.join(root, source)), source)
    const text = existsSync(path.join(root, file)) ? read(file) : ''
    for (const title of list.split(' · ')) t.true(text.includes(title), `${file}: ${title}`)
  }
})

test('the packages in the table of folders are the ones that are used, and nothing is installed with the program', (t) => {
  const table = read('docs/architecture.md')
    .split('\n')
    .filter((line) => line.startsWith('| `src/'))
  t.true(table.length > 10)
  const owned = table.flatMap((line) =>
    [...(line.split('|')[4] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  )
  const manifest = parseJson(read('package.json'))
  const installed = dig(manifest, 'devDependencies')
  for (const name of owned) t.true(isRecord(installed) && name in installed, name)
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  const text = sources.map((name) => read(`src/${name}`)).join('\n')
  for (const name of owned)
    t.true(new RegExp(`['"]${name}(?:/[^'"]+)?['"]`).test(text), `${name} is not used`)
  t.is(dig(manifest, 'dependencies'), undefined)
})

test('tracked files name no machine, no home and no registry', (t) => {
  // Spelled in halves, so that this file is not one of them.
  const machine = ['/work/' + 'main', '/work/' + 'shared', '/tmp/' + 'wt/', '/home/' + 'runner']
  const registry = /https?:\/\/[\w.:-]*(?:registry|verdaccio|artifactory|nexus)[\w.:-]*\//
  const tracked = execFileSync('git', ['ls-files', '-z'], {
    cwd: root,
    encoding: 'utf8',
    // Nothing of what an outer git or client may have left in the environment.
    env: { PATH: process.env['PATH'] },
  })
    .split('\0')
    .filter(Boolean)
  t.true(tracked.length > 200)
  const wrong = tracked.flatMap((name) => {
    const text = existsSync(path.join(root, name)) ? read(name) : ''
    const found = [...machine.filter((each) => text.includes(each)), ...(registry.exec(text) ?? [])]
    return found.map((each) => `${name}: ${each}`)
  })
  t.deepEqual(wrong, [])
})

test('the commands that answer in Claude Code are listed, each and no other', (t) => {
  const row = /^\| `\/gtp <command> …` \| one of ((?:`[a-z]+` ?)+): /.exec(
    read('docs/claude-code.md')
      .split('\n')
      .find((line) => line.startsWith('| `/gtp <command>')) ?? '',
  )
  t.deepEqual(row?.[1]?.trim().replaceAll('`', '').split(' '), [...slashVerbs])
})
