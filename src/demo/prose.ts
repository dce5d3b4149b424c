/** Invented text of the kinds that a session holds: sentences, source code, program output. Pure. */

import type { Random } from './random.ts'

/** Sentences of about `length` characters in all. */
export function sentences(random: Random, length: number): string {
  let text = ''
  while (text.length < length) text += `${text === '' ? '' : ' '}${sentence(random)}`
  return text
}

/** What a developer could ask for, in one line. */
export function request(random: Random): string {
  return `${random.pick(asks)} ${phrase(random)} in the ${random.pick(nouns)}${random.chance(0.4) ? ` so that ${clause(random)}` : ''}`
}

/** A title of a few words. */
export function title(random: Random): string {
  const text = `${random.pick(asks)} ${phrase(random)}`
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The name of a source file below the project, such as `src/parser/cache.ts`. */
export function sourcePath(index: number): string {
  const [folder, name] = [nouns[(index * 7) % nouns.length], nouns[(index * 11 + 3) % nouns.length]]
  return `src/${folder}/${name}-${index}.ts`
}

/** `count` lines of source code. */
export function sourceLines(random: Random, count: number): string[] {
  return Array.from({ length: count }, (_, line) => sourceLine(random, line))
}

export function sourceLine(random: Random, line: number): string {
  const [subject, object, verb] = [random.pick(nouns), random.pick(nouns), random.pick(verbs)]
  switch (line % 9) {
    case 0:
      return `/** ${sentence(random)} */`
    case 1:
      return `export function ${verb}${capital(subject)}(${object}: ${capital(object)}): ${capital(subject)} {`
    case 2:
      return `  const ${subject} = ${verb}(${object}, { limit: ${random.between(1, 4096)} })`
    case 3:
      return `  if (${subject}.${object} === undefined) return ${random.pick(nouns)}`
    case 4:
      return `  for (const ${object} of ${subject}.${random.pick(nouns)}s) {`
    case 5:
      return `    ${object}.${verb}(${subject}, '${random.pick(adjectives)}')`
    case 6:
      return '  }'
    case 7:
      return `  return { ...${subject}, ${object}: ${random.pick(nouns)} }`
    default:
      return '}\n'
  }
}

/** Output of a build or a test run, about `length` characters. */
export function programOutput(random: Random, length: number): string {
  let text = ''
  for (let count = 1; text.length < length; count++) text += `${outputLine(random, count)}\n`
  return text
}

function outputLine(random: Random, count: number): string {
  const file = sourcePath(random.between(0, 11))
  switch (random.between(0, 4)) {
    case 0:
      return `  ✔ ${random.pick(nouns)} › ${clause(random)} (${random.between(1, 900)}ms)`
    case 1:
      return `${file}:${random.between(1, 200)}:  const ${random.pick(nouns)} = ${random.pick(verbs)}(${random.pick(nouns)})`
    case 2:
      return `[${count}] ${random.pick(verbs)} ${random.pick(nouns)} ${random.between(0, 100_000)} bytes`
    case 3:
      return `-rw-r--r-- 1 dev dev ${random.between(100, 99_999)} Nov 20 12:${random.between(10, 59)} ${file}`
    default:
      return `info ${random.pick(adjectives)} ${random.pick(nouns)}: ${clause(random)}`
  }
}

function sentence(random: Random): string {
  const text = random.chance(0.5)
    ? `${clause(random)}, ${random.pick(links)} ${clause(random)}.`
    : `${clause(random)}.`
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function clause(random: Random): string {
  return `the ${random.pick(adjectives)} ${random.pick(nouns)} ${random.pick(verbs)}s the ${phrase(random)}`
}

function phrase(random: Random): string {
  return `${random.pick(adjectives)} ${random.pick(nouns)}`
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}

const asks = words('fix|rename|move|test|explain|speed up|split|document|remove|review|simplify|guard')
const links = words('because|so|and then|unless|while|which means that|before|although')
const verbs = words(
  'read|write|parse|merge|open|close|count|send|sign|check|list|trim|sort|find|keep|drop|load|store|match|join|split|wrap|probe|fold|shift',
)
const adjectives = words(
  'small|stale|empty|signed|nested|local|remote|shared|first|last|hidden|broken|quick|lazy|sorted|final|outer|inner|plain|known|unused|frozen|partial|missing',
)
const nouns = words(
  'parser|cache|token|buffer|folder|session|header|branch|commit|socket|worker|record|cursor|window|stream|filter|column|handle|bucket|packet|router|reader|writer|schema|digest|lease|anchor|marker|segment|queue|index|result|report|method|module|option|number|object|target|thread|ticket|vector',
)

function words(list: string): readonly [string, ...string[]] {
  const [first = '', ...rest] = list.split('|')
  return [first, ...rest]
}
