/** Reads a regular expression in RE2's syntax and writes it in JavaScript's, with what its matches can look like. */

/**
 * `{source, flags, groups, tree}`: `source` and `flags` for `new RegExp`. Meant for text with one character a byte.
 * Modifiers that hold for a part only are spelled out, letter by letter. Throws on syntax that it does not know.
 */
export function translateRe2(pattern) {
  const tree = parse(pattern)
  const letters = lettersOf(tree)
  const plain = letters.size <= 1
  const flags = plain && letters.has(true) ? 'i' : ''
  const source = write(tree, flags !== 'i')
  new RegExp(source, flags)
  return { source, flags, tree }
}

/** The most characters that a match of this node can have; Infinity without an end. */
export function widest(node) {
  if (node.kind === 'set') return 1
  if (node.kind === 'assert') return 0
  if (node.kind === 'group') return widest(node.child)
  if (node.kind === 'repeat') return node.max === 0 ? 0 : widest(node.child) * node.max
  if (node.kind === 'either') return Math.max(...node.children.map(widest))
  return node.children.reduce((sum, child) => sum + widest(child), 0)
}

/**
 * Where a match is bound to hold one of the keywords: `before`, the most characters from the match's start to the end of
 * the part that holds it; `after`, the most from that part's start to the match's end; `open`, when `after` may be more.
 * `assigns`: a sign of assignment follows the keyword, with at most so many characters of names and quotes between.
 * Undefined if a match need not hold any.
 */
export function reachOf(tree, keywords) {
  if (tree.kind === 'group') return reachOf(tree.child, keywords)
  if (tree.kind === 'either') return widestReach(tree.children.map((child) => reachOf(child, keywords)))
  const parts = tree.kind === 'all' ? tree.children : [tree]
  let best
  for (let from = 0; from < parts.length; from += 1) {
    const to = holdingRun(parts, from, keywords)
    if (to === undefined) continue
    const inner = to === from + 1 ? innerReach(parts[from], keywords) : undefined
    const held = parts.slice(from, to)
    const rest = parts.slice(to)
    const before = sum(parts.slice(0, from), inFront) + (inner ? inner.before : sum(held, inFront))
    const after = (inner ? inner.after : sum(held, behind)) + sum(rest, behind)
    const open =
      (inner ? inner.open : sum(held, widest) === Number.POSITIVE_INFINITY) ||
      sum(rest, widest) === Number.POSITIVE_INFINITY
    const assigns = assignsWithin(held, rest) ?? inner?.assigns
    if (before !== Number.POSITIVE_INFINITY && (!best || before < best.before))
      best = { before, after: Math.min(after, 16384), open, assigns }
  }
  return best
}

function innerReach(node, keywords) {
  if (node.kind === 'group') return reachOf(node.child, keywords)
  return node.kind === 'all' || node.kind === 'either' ? reachOf(node, keywords) : undefined
}

function widestReach(reaches) {
  if (!reaches.every(Boolean)) return undefined
  const most = (side) => Math.max(...reaches.map((reach) => reach[side]))
  return { before: most('before'), after: most('after'), open: reaches.some(({ open }) => open) }
}

const sum = (nodes, measure) => nodes.reduce((total, node) => total + measure(node), 0)

/** In front of a keyword, blanks and names without an end count as 64: longer ones are no secret's neighbours. */
const inFront = measure((set) => (set.negated ? Number.POSITIVE_INFINITY : 64))
/** Behind it an end is looked for at first within so many characters, and further on when a match goes to that end. */
const behind = measure((set) => (!set.negated && sizeOf(set) > 128 ? 8192 : 256))

function measure(openSet) {
  const width = (node) => {
    if (node.kind === 'group') return width(node.child)
    if (node.kind === 'either') return Math.max(...node.children.map(width))
    if (node.kind === 'all') return sum(node.children, width)
    if (node.kind !== 'repeat') return widest(node)
    if (node.max !== Number.POSITIVE_INFINITY) return node.max === 0 ? 0 : width(node.child) * node.max
    const least = node.min * width(node.child)
    return least + (node.child.kind === 'set' ? openSet(node.child) : openSet({ negated: true, ranges: [] }))
  }
  return width
}

/** The idiom of both rule sets between a name and its value. */
function assignsWithin(held, [name, quotes, sign]) {
  const names = held.length === 1 ? spellings(held[0]) : undefined
  if (!names?.every((text) => /^[ \t\w.-]*$/.test(text)) || !name || !quotes || !sign) return undefined
  const idiom = [name, quotes, sign].map((node) => write(node, false)).join('')
  if (!idiom.startsWith(`(?:[\\t \\-.0-9A-Z_a-z]{0,20})[\\t\\n\\f\\r "']{0,3}(?:=|>|:{1,3}=|`))
    return undefined
  return Math.max(...names.map((text) => text.length)) + 20
}

/** The end of the shortest run of parts from `from` on that always holds a keyword. */
function holdingRun(parts, from, keywords) {
  if (alwaysHolds(parts[from], keywords)) return from + 1
  let texts = ['']
  for (let to = from; to < parts.length; to += 1) {
    const more = spellings(parts[to])
    if (!more || more.length * texts.length > 5000) return undefined
    texts = texts.flatMap((text) => more.map((one) => text + one))
    if (texts.every((text) => keywords.some((word) => text.includes(word)))) return to + 1
  }
  return undefined
}

function alwaysHolds(node, keywords) {
  const texts = spellings(node)
  if (texts?.every((text) => keywords.some((word) => text.includes(word)))) return true
  if (node.kind === 'group') return alwaysHolds(node.child, keywords)
  if (node.kind === 'repeat') return node.min > 0 && alwaysHolds(node.child, keywords)
  if (node.kind === 'either') return node.children.every((child) => alwaysHolds(child, keywords))
  return (
    node.kind === 'all' &&
    node.children.some((_, from) => holdingRun(node.children, from, keywords) !== undefined)
  )
}

/** All texts that the node can match, in lower case; undefined when they are too many. */
function spellings(node) {
  if (node.kind === 'assert') return ['']
  if (node.kind === 'group') return spellings(node.child)
  if (node.kind === 'set') return node.negated || sizeOf(node) > 30 ? undefined : charactersOf(node)
  if (node.kind === 'either') {
    const texts = node.children.map(spellings)
    return texts.every(Boolean) ? few(texts.flat()) : undefined
  }
  if (node.kind === 'repeat') {
    if (node.max > 3) return undefined
    const once = spellings(node.child)
    if (!once) return undefined
    let texts = ['']
    const all = node.min === 0 ? [''] : []
    for (let times = 1; times <= node.max; times += 1) {
      texts = texts.flatMap((text) => once.map((one) => text + one))
      if (texts.length > 5000) return undefined
      if (times >= node.min) all.push(...texts)
    }
    return few(all)
  }
  let texts = ['']
  for (const child of node.children) {
    const more = spellings(child)
    if (!more || more.length * texts.length > 5000) return undefined
    texts = texts.flatMap((text) => more.map((one) => text + one))
  }
  return few(texts)
}

const few = (texts) => (texts.length > 5000 ? undefined : [...new Set(texts)])
const sizeOf = ({ ranges }) => ranges.reduce((sum, [low, high]) => sum + high - low + 1, 0)
const charactersOf = ({ ranges }) => [
  ...new Set(
    ranges.flatMap(([low, high]) =>
      Array.from({ length: high - low + 1 }, (_, index) => String.fromCharCode(low + index).toLowerCase()),
    ),
  ),
]

// Reading. Nodes: all {children}, either {children}, group {child, captures}, repeat {child, min, max, lazy},
// set {ranges, negated, folds}, assert {text}.

const classes = {
  d: [[48, 57]],
  w: [
    [48, 57],
    [65, 90],
    [95, 95],
    [97, 122],
  ],
  // RE2's white space, without the vertical tab and the no-break space of JavaScript's.
  s: [
    [9, 10],
    [12, 13],
    [32, 32],
  ],
}
const posix = {
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
}
const controls = { n: 10, r: 13, t: 9, f: 12, v: 11 }

function parse(pattern) {
  let at = 0
  const flags = { i: false, s: false }
  const peek = (text) => pattern.startsWith(text, at)
  const fail = (what) => {
    throw new Error(`${what} at ${at} of ${pattern}`)
  }

  function either() {
    const before = { ...flags }
    const children = [sequence()]
    while (peek('|')) {
      at += 1
      children.push(sequence())
    }
    Object.assign(flags, before)
    return children.length === 1 ? children[0] : { kind: 'either', children }
  }

  function sequence() {
    const children = []
    while (at < pattern.length && !peek('|') && !peek(')')) {
      const node = atom()
      if (node) children.push(repeated(node))
    }
    return { kind: 'all', children }
  }

  function repeated(child) {
    const match = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\??)/.exec(pattern.slice(at))
    if (!match) return child
    at += match[0].length
    const [, sign, low, comma, high, lazy] = match
    const min = sign ? (sign === '+' ? 1 : 0) : Number(low)
    const most = comma ? (high ? Number(high) : Number.POSITIVE_INFINITY) : Number(low)
    const max = sign ? (sign === '?' ? 1 : Number.POSITIVE_INFINITY) : most
    return repeated({ kind: 'repeat', child, min, max, lazy: lazy !== '' })
  }

  function atom() {
    const char = pattern[at]
    if (char === '(') return group()
    if (char === '[') return set()
    if (char === '\\') return escaped()
    at += 1
    if (char === '.') return { kind: 'set', ranges: flags.s ? [] : [[10, 10]], negated: true, folds: false }
    if (char === '^' || char === '$') return { kind: 'assert', text: char }
    return one(char.charCodeAt(0))
  }

  const one = (code) => ({ kind: 'set', ranges: [[code, code]], negated: false, folds: flags.i })

  function group() {
    const match = /^\((?:\?(?:P?<\w+>|([a-z]*)(?:-([a-z]+))?([:)])))?/.exec(pattern.slice(at))
    if (!match) fail('unknown group')
    const [head, on, off, end] = match
    if (head === '(' && pattern[at + 1] === '?') fail('unknown group')
    const before = { ...flags }
    for (const flag of `${on ?? ''}${off ?? ''}`) if (!(flag in flags)) fail(`unknown flag ${flag}`)
    for (const flag of on ?? '') flags[flag] = true
    for (const flag of off ?? '') flags[flag] = false
    at += head.length
    if (end === ')') return undefined
    const child = either()
    if (!peek(')')) fail('unclosed group')
    at += 1
    Object.assign(flags, before)
    return { kind: 'group', child, captures: end === undefined }
  }

  function escaped() {
    const char = pattern[at + 1]
    if (char === 'b' || char === 'B') {
      at += 2
      return { kind: 'assert', text: `\\${char}` }
    }
    if (char === 'z' || char === 'A') {
      at += 2
      return { kind: 'assert', text: char === 'z' ? '$' : '^' }
    }
    const lower = char.toLowerCase()
    if (lower in classes) {
      at += 2
      return { kind: 'set', ranges: classes[lower], negated: char !== lower, folds: false }
    }
    return one(escapedCode())
  }

  function escapedCode() {
    const char = pattern[at + 1]
    at += 2
    if (char === 'x') {
      at += 2
      return Number.parseInt(pattern.slice(at - 2, at), 16)
    }
    if (char in controls) return controls[char]
    if (/[a-zA-Z0-9]/.test(char)) fail(`unknown escape ${char}`)
    return char.charCodeAt(0)
  }

  function set() {
    at += 1
    const negated = peek('^')
    if (negated) at += 1
    const ranges = []
    for (let first = true; first || !peek(']'); first = false) {
      const name = /^\[:(\w+):\]/.exec(pattern.slice(at))
      const short = /^\\([dwsDWS])/.exec(pattern.slice(at))
      if (name) {
        ranges.push(...(posix[name[1]] ?? fail('unknown class')))
        at += name[0].length
        continue
      }
      if (short) {
        const lower = short[1].toLowerCase()
        ranges.push(...(lower === short[1] ? classes[lower] : complement(classes[lower])))
        at += 2
        continue
      }
      const low = member()
      const isRange = peek('-') && pattern[at + 1] !== ']'
      if (isRange) at += 1
      ranges.push([low, isRange ? member() : low])
    }
    at += 1
    return { kind: 'set', ranges, negated, folds: flags.i }
  }

  function member() {
    if (at >= pattern.length) fail('unclosed class')
    if (peek('\\')) return escapedCode()
    at += 1
    return pattern.charCodeAt(at - 1)
  }

  const tree = either()
  if (at < pattern.length) fail('unexpected text')
  return tree
}

function complement(ranges) {
  const gaps = []
  let from = 0
  for (const [low, high] of ranges) {
    if (low > from) gaps.push([from, low - 1])
    from = high + 1
  }
  return [...gaps, [from, 0xffff]]
}

/** Which of the two treatments its letters have: with case folded, without. */
function lettersOf(node, found = new Set()) {
  if (node.kind === 'set' && hasLetter(node)) found.add(node.folds)
  for (const child of node.children ?? (node.child ? [node.child] : [])) lettersOf(child, found)
  return found
}

/** A class that holds both cases of all its letters is the same with and without folding. */
function hasLetter({ ranges }) {
  const has = (code) => ranges.some(([low, high]) => low <= code && code <= high)
  for (let code = 65; code <= 90; code += 1) if (has(code) !== has(code + 32)) return true
  return false
}

// Writing.

function write(node, spellsCase) {
  if (node.kind === 'assert') return node.text
  if (node.kind === 'set') return writeSet(node, spellsCase)
  if (node.kind === 'group') return `(${node.captures ? '' : '?:'}${write(node.child, spellsCase)})`
  if (node.kind === 'either') return node.children.map((child) => write(child, spellsCase)).join('|')
  if (node.kind === 'all') return node.children.map((child) => write(child, spellsCase)).join('')
  const child = write(node.child, spellsCase)
  const whole = node.child.kind === 'repeat' ? `(?:${child})` : child
  return `${whole}${quantifier(node)}${node.lazy ? '?' : ''}`
}

function quantifier({ min, max }) {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  if (min === 0 && max === 1) return '?'
  return min === max ? `{${min}}` : `{${min},${max}}`
}

function writeSet({ ranges, negated, folds }, spellsCase) {
  if (negated && ranges.length === 0) return '[^]'
  const all = normalised(folds && spellsCase ? ranges.flatMap(withOtherCase) : ranges)
  const [first] = all
  if (!negated && all.length === 1 && first[0] === 0 && first[1] >= 0xff) return '[^]'
  if (!negated && all.length === 1 && first[0] === first[1]) return writeOne(first[0], /[\^$\\.*+?()[\]{}|/]/)
  const text = JSON.stringify(all)
  const short = Object.entries(classes).find(([name, its]) => name !== 's' && JSON.stringify(its) === text)
  if (short) return negated ? `\\${short[0].toUpperCase()}` : `\\${short[0]}`
  const inner = all.map(([low, high]) => {
    const from = writeOne(low, /[\^\]\\-]/)
    const to = writeOne(high, /[\^\]\\-]/)
    return low === high ? from : high === low + 1 ? from + to : `${from}-${to}`
  })
  return `[${negated ? '^' : ''}${inner.join('')}]`
}

function withOtherCase([low, high]) {
  const more = []
  const shifted = (from, to, by) => {
    const [start, end] = [Math.max(low, from), Math.min(high, to)]
    if (start <= end) more.push([start + by, end + by])
  }
  shifted(65, 90, 32)
  shifted(97, 122, -32)
  return [[low, high], ...more]
}

function normalised(ranges) {
  const result = []
  for (const [low, high] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = result.at(-1)
    if (last && low <= last[1] + 1) last[1] = Math.max(last[1], high)
    else result.push([low, high])
  }
  return result
}

function writeOne(code, special) {
  const control = Object.entries(controls).find(([, its]) => its === code)
  if (control) return `\\${control[0]}`
  if (code < 32 || code > 126) return `\\u${code.toString(16).padStart(4, '0')}`
  const char = String.fromCharCode(code)
  return special.test(char) ? `\\${char}` : char
}
