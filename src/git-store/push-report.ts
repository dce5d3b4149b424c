/** Reads what `git push --porcelain` prints. Pure. */

/** The rows of refs that were refused (`!`), each with the host's or git's reason, which is for display only. */
export function parseRefusals(porcelain: string): ReadonlyMap<string, string> {
  const rows = porcelain.split('\n').map((line) => line.split('\t'))
  return new Map(
    rows.flatMap(([flag, fromTo = '', summary = '']): [string, string][] =>
      flag === '!' ? [[fromTo.slice(fromTo.indexOf(':') + 1), summary]] : [],
    ),
  )
}
