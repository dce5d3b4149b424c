/** What stands where a secret was: `[REDACTED:<rule>:<hmac4>]`. For the eye; nothing depends on it. Pure. */

import { createHmac } from 'node:crypto'

/** Makes labels. The same secret has the same four digits with the same key, and nobody without the key can try guesses. */
export type MakeLabel = (rule: string, secret: string) => string

/** @param secret of the returned function: one character a byte */
export function labelMaker(hmacKey: Uint8Array): MakeLabel {
  return (rule, secret) => {
    const digest = createHmac('sha256', hmacKey).update(secret, 'latin1').digest('hex')
    return `[REDACTED:${rule.replace(/[^a-z0-9-]/g, '-')}:${digest.slice(0, 4)}]`
  }
}

/** Stands where a whole block of thinking was, when a message would be empty without it. */
export const thinkingLabel = '[REDACTED:thinking]'

const label = /\[REDACTED:[a-z0-9-]{1,60}(?::[0-9a-f]{4})?\]/g
const otherwise = /[A-Za-z0-9]/

/** Whether nothing but labels and punctuation is there: not to be redacted once more. */
export function holdsLabelOnly(text: string): boolean {
  return text.includes('[REDACTED:') && !otherwise.test(text.replace(label, ''))
}
