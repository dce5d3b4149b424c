/** What a rule for one kind of secret says. All text is looked at with one character for each byte of its UTF-8. Pure. */

/** Source and flags of a regular expression, so that only those that are needed get compiled. */
export type Pattern = readonly [source: string, flags: string]

/** What clears a finding. */
export interface Allowance {
  /** What the patterns look at; default the secret. Stop words always look at the secret. */
  readonly in?: 'match' | 'line'
  /** Needs a pattern and a stop word, instead of any of them. */
  readonly all?: true
  readonly regexes?: readonly Pattern[]
  /** In lower case. */
  readonly stopwords?: readonly string[]
}

/** Where a match lies to a keyword, in characters. */
export interface Near {
  /** From the match's start to the keyword's end, at most. */
  readonly before: number
  /** From the keyword's start to the match's end, at most, or for `open` ones to where its end is first looked for. */
  readonly after: number
  readonly open?: true
  /** A sign of assignment follows within so many characters. */
  readonly assigns?: number
}

export interface Rule {
  readonly id: string
  /** In lower case, ASCII. Text without any of them is not looked at. */
  readonly keywords: readonly string[]
  readonly source: string
  readonly flags: string
  /** The capture that is the secret; default the first that took part, else the whole match. */
  readonly group?: number
  /** Absent: a match may lie anywhere in the text. */
  readonly near?: Near
  /** The secret's entropy in bits a character must be more than this. */
  readonly above?: number
  /** The same, or exactly this. */
  readonly atLeast?: number
  /** All of them must be in the secret. */
  readonly must?: readonly Pattern[]
  readonly allow?: readonly Allowance[]
  /** Own rules: whether the secret is one after all. */
  readonly judge?: (secret: string) => boolean
}

/** A secret's place in a text, and the place of all that gave it away. */
export interface Finding {
  readonly rule: string
  readonly start: number
  readonly end: number
  readonly matchStart: number
  readonly matchEnd: number
}
