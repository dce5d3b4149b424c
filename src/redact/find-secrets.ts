/** Looks for secrets in one text by rules, near the keywords that they need. Pure. */

import { entropy } from './entropy.ts'
import { type Hits, keywordFinder, newHits } from './keyword-finder.ts'
import { type KnownValue, knownValueAt, knownWord } from './known-values.ts'
import { holdsLabelOnly } from './label.ts'
import type { Allowance, Finding, Pattern, Rule } from './rule.ts'

/** Findings in `text`, which has one character a byte, by their beginnings; several may overlap. */
export type FindSecrets = (text: string) => readonly Finding[]

/** A rule made ready. */
interface Ready {
  readonly rule: Rule
  readonly regex: () => RegExp
  readonly sticky: () => RegExp
  /** Says where its captures were. */
  readonly exact: () => RegExp
  readonly cleared: (secret: string, match: string, line: () => string) => boolean
  /** Ends of the hits in the current text. */
  readonly ends: number[]
  readonly lengths: number[]
}

/** So few places are tried one by one; elsewhere a window is searched. */
const fewStarts = 4
const shortestText = 8

/** @param everywhere clears findings of any rule without a `judge` */
export function secretFinder(
  rules: readonly Rule[],
  known: readonly KnownValue[],
  everywhere: Allowance,
): FindSecrets {
  const clearedEverywhere = clearing([everywhere])
  const ready = rules.map((rule) => makeReady(rule, clearedEverywhere))
  const byWord = new Map<string, Ready[]>()
  for (const each of ready) {
    for (const word of each.rule.keywords) {
      const others = byWord.get(word)
      if (others) others.push(each)
      else byWord.set(word, [each])
    }
  }
  const words = [...byWord.keys()]
  const rulesOf = [...byWord.values()]
  const find = keywordFinder([...words, ...known.map(knownWord)])
  const hits = newHits()

  return (text) => {
    if (text.length < shortestText) return []
    find(text, hits)
    if (hits.count === 0) return []
    const findings: Finding[] = []
    const touched = new Set<Ready>()
    for (let index = 0; index < hits.count; index++) {
      const word = hits.words[index] ?? 0
      const value = known[word - words.length]
      if (value) addKnown(text, value, hits, index, findings)
      else {
        const length = words[word]?.length ?? 0
        noteHit(text, rulesOf[word] ?? [], hits.ends[index] ?? 0, length, touched)
      }
    }
    for (const each of touched) {
      applyRule(text, each, findings)
      each.ends.length = 0
      each.lengths.length = 0
    }
    return findings.sort((a, b) => a.start - b.start || b.end - a.end)
  }
}

function makeReady(rule: Rule, clearedEverywhere: Ready['cleared']): Ready {
  const cleared = clearing(rule.allow ?? [])
  return {
    rule,
    regex: once(() => new RegExp(rule.source, `${rule.flags}g`)),
    sticky: once(() => new RegExp(rule.source, `${rule.flags}y`)),
    exact: once(() => new RegExp(rule.source, `${rule.flags}dy`)),
    cleared: (secret, match, line) =>
      (!rule.judge && clearedEverywhere(secret, match, line)) || cleared(secret, match, line),
    ends: [],
    lengths: [],
  }
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Whether a sign of assignment follows soon: what most rules for named keys need, and most hits lack. */
const assignment = /[ \t\w.-]{0,100}[\s'"\\]{0,8}[=>:|?,]/y

function noteHit(
  text: string,
  rules: readonly Ready[],
  end: number,
  length: number,
  touched: Set<Ready>,
): void {
  let assigned: boolean | undefined
  for (const each of rules) {
    if (each.rule.near?.assigns !== undefined) {
      if (assigned === undefined) {
        assignment.lastIndex = end
        assigned = assignment.test(text)
      }
      if (!assigned) continue
    }
    touched.add(each)
    each.ends.push(end)
    each.lengths.push(length)
  }
}

function applyRule(text: string, ready: Ready, findings: Finding[]): void {
  const { near } = ready.rule
  if (!near) {
    search(text, 0, text.length, ready, findings)
    return
  }
  let [from, to] = [-1, -1]
  let done = 0
  ready.ends.forEach((end, index) => {
    const length = ready.lengths[index] ?? 0
    const first = Math.max(0, end - near.before)
    if (end - length - first < fewStarts) {
      done = Math.max(done, tryStarts(text, Math.max(done, first), end - length, ready, findings))
      return
    }
    const last = end - length + near.after
    if (first <= to) {
      to = Math.max(to, last)
      return
    }
    if (to >= 0) search(text, from, to, ready, findings)
    ;[from, to] = [first, last]
  })
  if (to >= 0) search(text, from, to, ready, findings)
}

/** Tries the few places where a match can begin. Returns where the next one may. */
function tryStarts(text: string, first: number, last: number, ready: Ready, findings: Finding[]): number {
  const regex = ready.sticky()
  const { before = 0, after = 0, open } = ready.rule.near ?? {}
  for (let start = first; start <= last; start++) {
    let end = Math.min(text.length, start + before + after + 1)
    for (;;) {
      const window = text.slice(0, end)
      regex.lastIndex = start
      const match = regex.exec(window)
      if (match && reaches(match, end) && end < text.length) {
        if (!open) break
        end = farther(text, start, end)
        continue
      }
      if (!match) break
      judge(window, match, ready, findings)
      return start + Math.max(1, match[0].length)
    }
  }
  return first
}

/**
 * Searches `text[from, to)`, with a look at what stands around it for the sake of word boundaries. What goes up to a cut is
 * either no match, when the cut was taken for the end of the text, or has no known end and is looked for farther on.
 */
function search(text: string, from: number, to: number, ready: Ready, findings: Finding[]): void {
  const regex = ready.regex()
  let end = Math.min(text.length, to + 1)
  for (;;) {
    const window = text.slice(0, end)
    const found: Finding[] = []
    let cut = false
    regex.lastIndex = from
    for (let match = regex.exec(window); match; match = regex.exec(window)) {
      if (match[0].length === 0) regex.lastIndex++
      if (reaches(match, end) && end < text.length) cut = true
      else judge(window, match, ready, found)
    }
    if (!cut || !ready.rule.near?.open) {
      for (const each of found) findings.push(each)
      return
    }
    end = farther(text, from, end)
  }
}

const reaches = (match: RegExpExecArray, end: number) => match.index + match[0].length === end

const farther = (text: string, start: number, end: number) => Math.min(text.length, start + 4 * (end - start))

function judge(
  text: string,
  match: RegExpExecArray,
  { rule, cleared, exact }: Ready,
  findings: Finding[],
): void {
  const secret = secretOf(match, rule.group)
  if (secret === '' || holdsLabelOnly(secret)) return
  const bits = rule.above === undefined && rule.atLeast === undefined ? 0 : entropy(secret)
  if (rule.above !== undefined && bits <= rule.above) return
  if (rule.atLeast !== undefined && bits < rule.atLeast) return
  if (rule.must && !rule.must.every((pattern) => compiled(pattern).test(secret))) return
  if (rule.judge && !rule.judge(secret)) return
  const matchStart = match.index
  const matchEnd = matchStart + match[0].length
  if (cleared(secret, match[0], () => lineAround(text, matchStart, matchEnd))) return
  const [start, end] = placeOf(text, match, exact(), rule.group)
  findings.push({ rule: rule.id, start, end, matchStart, matchEnd })
}

function secretOf(match: RegExpExecArray, group: number | undefined): string {
  if (group !== undefined) return match[group] ?? ''
  for (let index = 1; index < match.length; index++) {
    const captured = match[index]
    if (captured) return captured
  }
  return match[0]
}

/** Matches once more, to be told the places of the captures, which would make every search slower. */
function placeOf(
  text: string,
  match: RegExpExecArray,
  exact: RegExp,
  group: number | undefined,
): readonly [number, number] {
  exact.lastIndex = match.index
  const again = exact.exec(text)
  const first = match.findIndex((captured, index) => index > 0 && captured)
  const place = again?.indices?.[group ?? Math.max(0, first)]
  return place ?? [match.index, match.index + match[0].length]
}

function lineAround(text: string, start: number, end: number): string {
  const before = text.lastIndexOf('\n', start - 1) + 1
  const after = text.indexOf('\n', end)
  return text.slice(Math.max(before, start - 2000), Math.min(after < 0 ? text.length : after, end + 2000))
}

function clearing(allowances: readonly Allowance[]): Ready['cleared'] {
  return (secret, match, line) =>
    allowances.some((allowance) => {
      const { regexes = [], stopwords = [] } = allowance
      const target = allowance.in === 'match' ? match : allowance.in === 'line' ? line() : secret
      const matches = () => regexes.some((pattern) => compiled(pattern).test(target))
      const lower = secret.toLowerCase()
      const stops = () => stopwords.some((word) => lower.includes(word))
      return allowance.all && regexes.length > 0 && stopwords.length > 0
        ? matches() && stops()
        : matches() || stops()
    })
}

const cache = new Map<Pattern, RegExp>()

function compiled(pattern: Pattern): RegExp {
  let regex = cache.get(pattern)
  if (!regex) {
    regex = new RegExp(pattern[0], pattern[1])
    cache.set(pattern, regex)
  }
  return regex
}

function addKnown(text: string, value: KnownValue, hits: Hits, index: number, findings: Finding[]): void {
  const place = knownValueAt(text, value, hits.ends[index] ?? 0)
  if (place) findings.push({ ...place, rule: value.rule, matchStart: place.start, matchEnd: place.end })
}
