/** The commands are described in five places; all say the same. */

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { completionScript, completions } from '../../src/cmd/completion-scripts.ts'
import { errorCodes, exitCodes } from '../../src/errors.ts'
import { argvIn, commonOptions, defined, isCommandLine } from './definitions.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const read = (name: string) => readFileSync(path.join(root, name), 'utf8')
const readme = read('README.md')
const manual = read('man/git-teleport.1')
const completed = completions.filter(({ verb }) => verb !== 'completion')
const names = defined.map(({ name }) => name)
const long = (options: readonly (readonly string[])[]) =>
  options.flatMap((spellings) => spellings.filter((each) => each.startsWith('--'))).sort()
const optionsOf = (verb: string) =>
  defined.filter(({ name }) => name.split(' ')[0] === verb).flatMap(({ options }) => options)

const isVerb = (verb: string) => names.some((name) => name.split(' ')[0] === verb)

/** Cells of the table that stands under these headings. */
function table(text: string, ...headings: readonly string[]): readonly (readonly string[])[] {
  const [, after = ''] = text.split(`| ${headings.join(' | ')} |\n`)
  const [rows = ''] = after.split('\n\n')
  return rows
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

/** Lines of the manual from one heading to the next. */
function section(kind: '.Sh' | '.Ss', name: string): string {
  const [, after] = manual.split(`${kind} ${name}\n`)
  return after?.split(/^\.S[hs] /m)[0] ?? ''
}

/** `.It Fl a , Fl Fl all Ar value` → [-a, --all]. */
function optionsInManual(text: string): readonly (readonly string[])[] {
  return [...text.matchAll(/^\.It (Fl .+)$/gm)].map(([, item = '']) =>
    item
      .replace(/ Ar .*/, '')
      .split(' , ')
      .map((each) => each.replace('Fl Fl ', '--').replace('Fl ', '-')),
  )
}

const sorted = (options: readonly (readonly string[])[]) =>
  options.map((each) => each.toSorted().join()).sort()

test('the manual names every verb, as it is typed', (t) => {
  const [, verbs = ''] = manual.split(/^\.Sh VERBS$/m)
  const items = [...(verbs.split(/^\.Sh /m)[0] ?? '').matchAll(/^\.It Ic (.+)$/gm)].map(
    ([, item = '']) => item,
  )
  const typed = items.map((item) => item.replace(/ (?:Op )?Ar .*/, ''))
  t.deepEqual(typed.sort(), names)
  for (const item of items) {
    const name = item.replace(/ (?:Op )?Ar .*/, '')
    const usage = defined.find((each) => each.name === name)?.usage ?? ''
    const optional = / Op Ar /.test(item) || item === name || ['completion', 'fetch'].includes(name)
    t.is(/<\w+>/.test(usage), !optional, item)
  }
})

test('the manual has every option of every verb, and no other', (t) => {
  for (const { name, options } of defined) {
    const own = options.filter((spellings) => !spellings.includes('--remote'))
    t.deepEqual(sorted(optionsInManual(section('.Ss', `Of ${name}`))), sorted(own), name)
  }
  const common = long(optionsInManual(section('.Ss', 'Of every verb')))
  t.deepEqual(common, [...commonOptions, '--help'].sort())
  const remote = section('.Ss', 'Of the verbs that work on a repository').split('The verbs:')[1] ?? ''
  const listed = [...remote.matchAll(/^\.Ic ([a-z ]+?) [.,]$/gm)].map(([, verb]) => verb)
  t.deepEqual(
    listed.sort(),
    defined.filter(({ options }) => long(options).includes('--remote')).map(({ name }) => name),
  )
  const sections = [...manual.matchAll(/^\.Ss Of ([a-z]+(?: [a-z]+)?)$/gm)].map(([, name = '']) => name)
  t.deepEqual(
    sections.filter((name) => !names.includes(name) && name !== 'every verb'),
    [],
  )
})

test('completion knows every verb and option, and no other', (t) => {
  t.deepEqual(completions.map(({ verb }) => verb).toSorted(), [
    ...new Set(names.map((name) => name.split(' ')[0])),
  ])
  for (const { verb, options, sessions } of completed) {
    t.deepEqual(
      options.filter((each) => each.startsWith('--')).toSorted(),
      [...new Set(long(optionsOf(verb)))],
      verb,
    )
    const usage = defined.find(({ name }) => name === verb)?.usage ?? ''
    t.is(sessions, usage.includes('session') || ['fetch', 'rewrap'].includes(verb), verb)
  }
  for (const verb of names) t.true(completionScript('bash').includes(verb.split(' ').at(-1) ?? ''), verb)
})

test("the README's table has every command, and no other", (t) => {
  const told = table(readme, 'command', 'does').map(([cell = '']) => cell.replaceAll('`', ''))
  t.deepEqual(told.map((each) => each.replace(/ [<[].*/, '')).sort(), names)
  for (const each of told) {
    const usage = defined.find(({ name }) => name === each.replace(/ [<[].*/, ''))?.usage ?? ''
    t.is(each.includes('<'), /<\w+>/.test(usage) || each.startsWith('completion'), each)
  }
})

test("the README's tables of codes are those of the program", (t) => {
  const codes = table(readme, 'code', 'exit', 'meaning')
  t.deepEqual(
    codes,
    Object.entries(errorCodes).map(([code, [exit, meaning]]) => [`\`${code}\``, String(exit), meaning]),
  )
  const exits = table(readme, 'exit', 'meaning')
  t.deepEqual(
    exits.map(([exit]) => Number(exit)),
    Object.values(exitCodes),
  )
  const inManual = [...section('.Sh', 'EXIT STATUS').matchAll(/^\.It (\d+)\n(.+)$/gm)].map((match) =>
    match.slice(1, 3),
  )
  t.deepEqual(inManual, exits)
})

test('README and manual name every variable and setting that the program reads', (t) => {
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(path.join('src', name)))
    .join('\n')
  const found = (pattern: RegExp) =>
    [...new Set([...sources.matchAll(pattern)].map(([, name = '']) => name))].sort()
  // HOME and PATH are everyone's, and git's own variables are git's to describe.
  const variables = [...found(/\benv\['([A-Z_]+)'\]/g), 'XDG_CACHE_HOME'].filter(
    (name) => !/^(?:GIT_CONFIG_|HOME$|PATH$)/.test(name),
  )
  const inReadme = [
    ...table(readme, 'environment', 'what')
      .join('\n')
      .matchAll(/`([A-Z_]{3,})`/g),
  ].map(([, name = '']) => name)
  t.deepEqual([...new Set(inReadme.filter((name) => name !== 'PATH'))].sort(), variables.sort())
  const inManual = [...section('.Sh', 'ENVIRONMENT').matchAll(/^\.It Ev (.+)$/gm)].flatMap(([, list = '']) =>
    list.split(' , '),
  )
  t.deepEqual(inManual.sort(), variables)
  const told = [
    ...table(readme, 'git config', 'what'),
    ...table(read('docs/policy.md'), 'key', 'what it says'),
  ]
  const settings = told.map(([cell = '']) => cell.replaceAll('`', '').toLowerCase())
  const keys = found(/'(teleport\.[A-Za-z.]+)'/g).map((key) => key.toLowerCase())
  t.deepEqual(settings.sort(), keys.sort())
})

test('every example in the help of a command is a command line', (t) => {
  for (const { name, examples } of defined) {
    t.true(examples.length > 0, name)
    for (const line of examples) {
      const argv = argvIn(line)
      t.true(argv !== undefined && isCommandLine(argv), line)
    }
  }
})

test('every command that a message, a hint or a comment names is there', (t) => {
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )
  const lines = files.flatMap((file) =>
    read(path.join('src', file))
      .split(/(?=git teleport )|\n/)
      .map((line) => ({ file, line })),
  )
  const commands = lines.flatMap(({ file, line }) => {
    const [, verb, rest = ''] = /^git teleport ([a-z]+)([^'`"\n]*)/.exec(line) ?? []
    return verb === undefined ? [] : [{ file, verb, options: rest.match(/(?<= )--[a-z-]+/g) ?? [] }]
  })
  t.true(commands.length > 50)
  const wrong = commands.filter(({ verb, options }) => {
    const known = [...long(optionsOf(verb)), ...commonOptions]
    return !isVerb(verb) || options.some((option) => !known.includes(option))
  })
  t.deepEqual(wrong, [])
})

test('documents name commands that exist', (t) => {
  const documents = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => path.extname(name) !== '')
      .map((name) => `docs/${name}`),
  ]
  for (const document of documents) {
    const verbs = [...read(document).matchAll(/git teleport ([a-z]+)/g)].map(([, verb = '']) => verb)
    t.deepEqual(
      verbs.filter((verb) => !isVerb(verb)),
      [],
      document,
    )
  }
})

for (const { name, usage, description, options } of defined) {
  test(`help of ${name}`, (t) => {
    const names = options.map((spellings) => `  ${spellings.join(', ')}`)
    // Two to a line where there are many.
    const rows =
      names.length <= 13
        ? names
        : names.filter((_, at) => at % 2 === 0).map((first, at) => first + (names[2 * at + 1] ?? ''))
    const lines = [description, usage, ...rows]
    t.true(lines.length <= 15)
    t.snapshot(lines.join('\n'))
  })
}
