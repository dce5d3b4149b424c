/** Colours for code: highlight.js with the languages that sessions are full of, as a tree of words. */

import hljs from 'highlight.js/lib/core'
import bash from 'highlight.js/lib/languages/bash'
import c from 'highlight.js/lib/languages/c'
import cpp from 'highlight.js/lib/languages/cpp'
import csharp from 'highlight.js/lib/languages/csharp'
import css from 'highlight.js/lib/languages/css'
import diff from 'highlight.js/lib/languages/diff'
import dockerfile from 'highlight.js/lib/languages/dockerfile'
import go from 'highlight.js/lib/languages/go'
import ini from 'highlight.js/lib/languages/ini'
import java from 'highlight.js/lib/languages/java'
import javascript from 'highlight.js/lib/languages/javascript'
import json from 'highlight.js/lib/languages/json'
import kotlin from 'highlight.js/lib/languages/kotlin'
import makefile from 'highlight.js/lib/languages/makefile'
import markdown from 'highlight.js/lib/languages/markdown'
import php from 'highlight.js/lib/languages/php'
import python from 'highlight.js/lib/languages/python'
import ruby from 'highlight.js/lib/languages/ruby'
import rust from 'highlight.js/lib/languages/rust'
import shell from 'highlight.js/lib/languages/shell'
import sql from 'highlight.js/lib/languages/sql'
import swift from 'highlight.js/lib/languages/swift'
import typescript from 'highlight.js/lib/languages/typescript'
import xml from 'highlight.js/lib/languages/xml'
import yaml from 'highlight.js/lib/languages/yaml'

export type CodeWord =
  | string
  /** `scope` is highlight.js's, such as `title.function`. */
  | { readonly scope: string; readonly words: readonly CodeWord[] }

const languages = {
  ...{ bash, c, cpp, csharp, css, diff, dockerfile, go, ini, java, javascript, json, kotlin, makefile },
  ...{ markdown, php, python, ruby, rust, shell, sql, swift, typescript, xml, yaml },
}
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language)

/** More than this takes too long, and nobody reads it as code. */
const longest = 60_000

/** The text in one piece where the language is not known. */
export function highlightCode(text: string, language: string): readonly CodeWord[] {
  if (text.length > longest || language === '' || !hljs.getLanguage(language)) return [text]
  return wordsOf(hljs.highlight(text, { language, ignoreIllegals: true })._emitter)
}

/** The tree that highlight.js would write as HTML. */
function wordsOf(emitter: unknown): readonly CodeWord[] {
  return hasTree(emitter) ? emitter.rootNode.children.map(asWord) : []
}

interface TreeNode {
  readonly scope?: string
  readonly children: readonly (TreeNode | string)[]
}

function hasTree(emitter: unknown): emitter is { readonly rootNode: TreeNode } {
  return typeof emitter === 'object' && emitter !== null && 'rootNode' in emitter
}

function asWord(node: TreeNode | string): CodeWord {
  return typeof node === 'string' ? node : { scope: node.scope ?? '', words: node.children.map(asWord) }
}

/** By a file's name; empty where it says nothing. */
export function languageOf(path: string): string {
  const name = /[^/\\]*$/.exec(path)?.[0].toLowerCase() ?? ''
  if (name === 'dockerfile' || name === 'makefile') return name
  const ending = /\.([a-z0-9]+)$/.exec(name)?.[1] ?? ''
  const known = endings.get(ending) ?? ending
  return hljs.getLanguage(known) ? known : ''
}

const endings = new Map([
  ['cts', 'typescript'],
  ['mts', 'typescript'],
  ['vue', 'xml'],
  ['svelte', 'xml'],
  ['scss', 'css'],
  ['less', 'css'],
  ['conf', 'ini'],
  ['env', 'ini'],
  ['lock', ''],
  ['txt', ''],
])
