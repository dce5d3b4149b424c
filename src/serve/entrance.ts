/** The way in: a token that works once, and what a browser shows from then on. */

import { createHash, timingSafeEqual } from 'node:crypto'

/** What was let in shows both: browsers send a cookie to every port of a machine, and a header only where a page says. */
export interface Pass {
  readonly cookie: string
  readonly key: string
}

export interface Entrance {
  /** Works once; undefined when it was used. */
  readonly token: string
  /** Undefined for a token that is wrong or was used. */
  enter(token: string): Pass | undefined
  /** What stands in the two headers. */
  isLetIn(cookieHeader: string | undefined, key: string | undefined): boolean
  readonly cookieName: string
}

/** @param random bytes fit for keys */
export function openEntrance(random: (n: number) => Uint8Array): Entrance {
  const secret = () => Buffer.from(random(32)).toString('base64url')
  const token = secret()
  // Cookies of two servers on one machine lie together, so each has a name of its own.
  const cookieName = `teleport-${Buffer.from(random(6)).toString('hex')}`
  let pass: Pass | undefined
  return {
    token,
    cookieName,
    enter(told) {
      if (pass || !isSame(told, token)) return undefined
      pass = { cookie: secret(), key: secret() }
      return pass
    },
    isLetIn(cookieHeader, key) {
      const shown = cookieNamed(cookieHeader ?? '', cookieName)
      // Both are compared whatever comes of the first.
      const fits = [isSame(shown, pass?.cookie ?? ''), isSame(key ?? '', pass?.key ?? '')]
      return pass !== undefined && fits.every(Boolean)
    },
  }
}

function cookieNamed(header: string, name: string): string {
  const found = header.split(';').map((part) => part.trim().split('='))
  return found.find(([each]) => each === name)?.[1] ?? ''
}

/** Takes as long whatever is wrong. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
