/** The only kinds of address that a page leads to. Pure. */

/**
 * The address as the browser will take it, its host in the letters that are looked up; undefined for everything that is not
 * plain http or https, or that carries a name and password.
 */
export function webAddress(written: string): string | undefined {
  if (!/^https?:\/\//i.test(written) || !URL.canParse(written)) return undefined
  const { protocol, username, password, href } = new URL(written)
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  return username === '' && password === '' ? href : undefined
}
