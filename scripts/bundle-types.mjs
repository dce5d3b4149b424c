/**
 * The declarations of one entry as one file that imports nothing: what is exported, and every type that this names,
 * taken from what `tsc` declared. So the types can be read in one go, and change only when the surface does.
 */

import { readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * `entry` and `first` are paths of `.d.ts` files of tsc's. What `first` exports is taken from `./index.js` instead of being
 * told again: one type for both entries. Throws where a type comes from another package.
 */
export function bundleTypes(entry, first) {
  const modules = new Map()
  const chosen = new Map()
  const load = (file) => {
    if (!modules.has(file)) modules.set(file, parseModule(file, readFileSync(file, 'utf8')))
    return modules.get(file)
  }

  /** Takes what `name` means in `file`, and all that it names; returns where it is declared. */
  const take = (file, name) => {
    const { declared, imported } = load(file)
    if (shared.get(name) === file) {
      borrowed.add(name)
      return name
    }
    const from = imported.get(name)
    if (from) return take(from.file, from.name)
    const text = declared.get(name)
    if (text === undefined) return undefined
    const known = chosen.get(name)
    if (known && known.file !== file) throw new Error(`two types are called ${name}: ${known.file}, ${file}`)
    if (known) return name
    chosen.set(name, { file, text })
    for (const word of wordsOf(text)) if (word !== name) take(file, word)
    return name
  }

  const shared = new Map()
  const borrowed = new Set()
  if (first)
    for (const { file, name } of load(first).exported.values()) shared.set(name, originOf(load, file, name))
  const { exported } = load(entry)
  for (const { file, name } of exported.values()) {
    if (take(file, name) === undefined) throw new Error(`${name} of ${file} is not declared`)
  }
  const internal = [...chosen].filter(([name]) => !exported.has(name))
  const text = ([, { text }]) =>
    text.replace(/^export (?:declare )?(?=function|class|const|abstract)/m, 'export declare ')
  const again = [...borrowed].filter((name) => exported.has(name)).sort()
  return [
    ...(borrowed.size > 0 ? [`import type { ${[...borrowed].sort().join(', ')} } from './index.js'\n`] : []),
    ...(again.length > 0 ? [`export { ${again.join(', ')} } from './index.js'\n`] : []),
    ...[...chosen]
      .filter(([name]) => exported.has(name))
      .sort(byName)
      .map(text),
    ...internal.sort(byName).map((each) => text(each).replace(/^export /m, '')),
    'export {}\n',
  ].join('\n')
}

/** The file that declares what `file` may only pass on. */
function originOf(load, file, name) {
  const from =
    load(file).imported.get(name) ??
    (load(file).declared.has(name) ? undefined : load(file).exported.get(name))
  return from && from.file !== file ? originOf(load, from.file, from.name) : file
}

const byName = ([a], [b]) => (a < b ? -1 : 1)

/** tsc begins each statement at the margin, with a keyword, and closes it there with a brace. */
function parseModule(file, source) {
  const declared = new Map()
  const imported = new Map()
  const exported = new Map()
  for (const whole of statementsOf(source)) {
    // The purpose of a file stands before the comment of its first statement.
    const statement = whole.replace(/^(?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)+(?=\/\*\*)/, '')
    const code = statement.replace(/^\/\*\*[\s\S]*?\*\/\n/, '')
    const from = /^(import|export)\s+(?:type\s+)?\{([^}]*)\}\s+from\s+['"]([^'"]+)['"]/.exec(code)
    if (from) {
      const [, kind, names, specifier] = from
      const target = specifier.startsWith('.') ? declarationOf(file, specifier) : `package ${specifier}`
      for (const each of names.split(',').map((name) => name.trim().replace(/^type /, ''))) {
        const [name, as = name] = each.split(' as ')
        if (name !== '') (kind === 'import' ? imported : exported).set(as, { file: target, name })
      }
      continue
    }
    if (/^import\b/.test(code)) throw new Error(`${file}: not understood: ${code.slice(0, 80)}`)
    const name =
      /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|enum)\s+(?:unique symbol )?(\w+)/.exec(
        code,
      )?.[1]
    if (name === undefined) continue
    declared.set(name, (declared.has(name) ? declared.get(name) : '') + statement)
    if (/^export /.test(code)) exported.set(name, { file, name })
  }
  return { declared, imported, exported }
}

function statementsOf(source) {
  const lines = source.replace(/\n?\/\/# sourceMappingURL.*\s*$/, '\n').split('\n')
  const statements = []
  let comment = false
  for (const line of lines) {
    const begins = /^(?:export|declare|import|interface|type|abstract|\/\*\*)/.test(line)
    if (begins && !comment) statements.push(line)
    else if (statements.length > 0) statements.push(`${statements.pop()}\n${line}`)
    // A comment at the margin belongs to the statement after it.
    if (/^\/\*\*/.test(line) || comment) comment = !begins || /^\/\*\*/.test(line)
  }
  return statements.map((statement) => `${statement.trimEnd()}\n`)
}

function declarationOf(file, specifier) {
  return path.resolve(path.dirname(file), specifier).replace(/\.(?:ts|js)$/, '.d.ts')
}

/** Names that could be types: comments name nothing. */
function wordsOf(text) {
  return new Set(text.replace(/\/\*[\s\S]*?\*\//g, '').match(/\b[A-Za-z_]\w*\b/g) ?? [])
}
