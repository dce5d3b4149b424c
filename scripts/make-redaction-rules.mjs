/**
 * Writes src/redact/rules.generated.ts from the rule sets of gitleaks and betterleaks. Run it by hand when they have new rules:
 *
 *     node scripts/make-redaction-rules.mjs <gitleaks>/config/gitleaks.toml <betterleaks>/config/betterleaks.toml
 *
 * with checkouts of github.com/gitleaks/gitleaks and github.com/betterleaks/betterleaks, then `npm run check` and the tests.
 * Where both have a rule, gitleaks' is taken. Paths of files play no part: text in a session has none.
 */

import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { reachOf, translateRe2 } from './re2.mjs'

/**
 * Too loud without the file names and neighbours that their filters look at, or, the last one, for sessions that speak of
 * commits: it takes every 40 hex digits for a token. Own rules cover the last two.
 */
const leftOut = new Set([
  'project-url',
  'supabase-project-url',
  'pkcs12-file',
  'hashicorp-tf-password',
  'sourcegraph-access-token',
])

/** betterleaks does not report these by themselves, since they say little to a scanner of repositories. They are secrets, though. */
const secretAlone = new Set([
  'alibaba-sts-security-token',
  'aws-secret-access-key',
  'exoscale-api-secret',
  'ovh-consumer-key',
  'polymarket-api-secret',
  'polymarket-passphrase',
])

function generate(gitleaks, betterleaks) {
  const known = new Set(gitleaks.rules.map(({ id }) => id))
  const more = betterleaks.rules.filter(
    ({ id, skipReport }) => !known.has(id) && (!skipReport || secretAlone.has(id)),
  )
  const everywhere = globalAllowance(gitleaks.allowlist)
  const rules = [...gitleaks.rules.map(fromGitleaks), ...more.map(fromBetterleaks)].filter(
    ({ id }) => !leftOut.has(id),
  )
  return `/**
 * Rules for secrets of known kinds, made by scripts/make-redaction-rules.mjs from the rule sets of gitleaks and betterleaks:
 * change that file and run it again, never this one. Licences: LICENCES.md beside it. Pure.
 */

import type { Allowance, Rule } from './rule.ts'

/** Found by any rule below and yet no secret. */
export const everywhere: Allowance = ${literal(everywhere)}

export const importedRules: readonly Rule[] = [
${rules.map((rule) => `  ${literal(rule)},`).join('\n')}
]
`
}

function fromGitleaks({ id, regex, keywords, entropy, secretGroup, allowlists = [] }) {
  const allow = allowlists.flatMap((list) => {
    const { regexes = [], stopwords = [], regexTarget, condition, paths } = list
    const needsPath = condition === 'AND' && paths
    if (needsPath || regexes.length + stopwords.length === 0) return []
    return [allowance({ in: regexTarget, all: condition === 'AND', regexes, stopwords })]
  })
  return rule({ id, regex, keywords, above: entropy, group: secretGroup, allow })
}

/** Its filters are expressions; those of the rules taken here join a few kinds of terms with `||`, each of which clears a finding. */
function fromBetterleaks({ id, regex, keywords, filter = '', secretGroup }) {
  const made = { id, regex, keywords, group: secretGroup, allow: [], must: [] }
  for (const term of termsOf(filter)) {
    const entropy = /^(?:filter\.)?entropy\(finding\["secret"\]\) (<=?) ([\d.]+)$/.exec(term)
    const matches =
      /^(!?)(?:filter\.)?(matchesAny|containsAny)\(finding\["(secret|match)"\], (\[[\s\S]*\])\)$/.exec(term)
    if (entropy) made[entropy[1] === '<=' ? 'above' : 'atLeast'] = Number(entropy[2])
    else if (matches) {
      const [, not, how, where, list] = matches
      const texts = [...list.matchAll(/`([^`]*)`|("(?:[^"\\\\]|\\\\.)*")/g)].map(
        ([, raw, quoted]) => raw ?? JSON.parse(quoted),
      )
      const regexes = how === 'matchesAny' ? texts : []
      const stopwords = how === 'containsAny' ? texts : []
      if (not) made.must.push(...regexes.map(pattern))
      else made.allow.push(allowance({ in: where, regexes, stopwords }))
    } else if (!term.includes('attributes["path"]')) throw new Error(`${id}: cannot read the filter ${term}`)
  }
  return rule(made)
}

function termsOf(filter) {
  const text = filter.trim()
  if (text === '') return []
  return text
    .split(/\n?\s*\|\| (?=!?(?:filter\.)?(?:entropy|matchesAny|containsAny)\()/)
    .map((term) => term.trim())
}

function rule({ id, regex, keywords, group, above, atLeast, allow = [], must = [] }) {
  if (regex === undefined) return { id }
  if (!keywords?.length) throw new Error(`${id} has no keywords`)
  const { source, flags, tree } = translateRe2(regex)
  const reach = reachOf(tree, keywords)
  return clean({
    id,
    keywords,
    source,
    flags,
    group,
    near: reach && clean({ ...reach, open: reach.open || undefined }),
    above,
    atLeast,
    must: must.length > 0 ? must : undefined,
    allow: allow.length > 0 ? allow : undefined,
  })
}

function allowance({ in: where, all, regexes, stopwords }) {
  return clean({
    in: where === 'match' || where === 'line' ? where : undefined,
    all: all || undefined,
    regexes: regexes.length > 0 ? regexes.map(pattern) : undefined,
    stopwords: stopwords.length > 0 ? stopwords : undefined,
  })
}

function globalAllowance({ regexes, stopwords }) {
  return allowance({ regexes, stopwords })
}

function pattern(text) {
  const { source, flags } = translateRe2(text)
  return [source, flags]
}

const clean = (object) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))

function literal(value) {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  return `{ ${Object.entries(value)
    .map(([key, one]) => `${key}: ${literal(one)}`)
    .join(', ')} }`
}

function quoted(text) {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** The part of TOML that the two files use. */
function parseToml(text) {
  const document = {}
  let table = document
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index].trim()
    if (line === '' || line.startsWith('#')) continue
    const header = /^(\[\[?)([\w.]+)\]\]?$/.exec(line)
    if (header) {
      table = openTable(document, header[2].split('.'), header[1] === '[[')
      continue
    }
    const pair = /^(\w+)\s*=\s*([\s\S]*)$/.exec(line)
    if (!pair) throw new Error(`cannot read the line ${index + 1}: ${line.slice(0, 80)}`)
    let value = pair[2]
    const closing = value.startsWith("'''") ? "'''" : value.startsWith('"""') ? '"""' : undefined
    const isOpen = () =>
      closing
        ? value.indexOf(closing, 3) < 0
        : value.startsWith('[') && !/\]\s*(?:#.*)?$/.test(withoutTexts(value))
    while (isOpen()) {
      index += 1
      if (index >= lines.length) throw new Error(`unfinished value of ${pair[1]}`)
      value += `\n${lines[index]}`
    }
    table[pair[1]] = parseValue(value)
  }
  return document
}

function openTable(document, names, isList) {
  let table = document
  names.forEach((name, depth) => {
    const isLast = depth === names.length - 1
    if (isLast && isList) {
      table[name] ??= []
      table[name].push({})
    } else table[name] ??= {}
    table = Array.isArray(table[name]) ? table[name].at(-1) : table[name]
  })
  return table
}

const textPattern = /'''([\s\S]*?)'''|"""([\s\S]*?)"""|'([^'\n]*)'|("(?:[^"\\\n]|\\.)*")/g

function withoutTexts(value) {
  return value.replace(textPattern, '').replace(/#.*/g, '')
}

function parseValue(value) {
  if (/^[\d.]+$/.test(value)) return Number(value)
  if (value === 'true' || value === 'false') return value === 'true'
  if (value.startsWith('[') && withoutTexts(value).includes('{')) return []
  const texts = [...value.matchAll(textPattern)].map(([, raw, long, single, double]) =>
    double === undefined ? (raw ?? long ?? single).replace(/^\n/, '') : JSON.parse(double),
  )
  if (value.startsWith('[')) return texts
  if (texts.length === 0) throw new Error(`cannot read the value ${value.slice(0, 80)}`)
  return texts[0]
}

const out = path.resolve(import.meta.dirname, '../src/redact/rules.generated.ts')
const [gitleaks, betterleaks] = await Promise.all(
  process.argv.slice(2, 4).map(async (file) => parseToml(await readFile(file, 'utf8'))),
)
await writeFile(out, generate(gitleaks, betterleaks))
