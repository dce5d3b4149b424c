/** Margins and colours of text that is already harmless. Pure. */

const styles = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], cyan: [36, 39] } as const

/** Each line by itself, so that a pager may cut anywhere between them. */
export function paint(style: keyof typeof styles, text: string, color: boolean): string {
  if (!color) return text
  const [on, off] = styles[style]
  return text.replace(/[^\n]+/g, (line) => `\x1b[${on}m${line}\x1b[${off}m`)
}

/** Puts `first` before the first line and `rest` before the others; blank lines get no trailing space. */
export function indentLines(text: string, first: string, rest: string): string {
  if (first === '' && rest === '') return text
  let margin = first
  return text.replace(/^.*$/gm, (line, at: number) => {
    if (line === '' && at === text.length) return ''
    const indented = margin + line
    margin = rest
    return indented.trimEnd()
  })
}
