/** Texts that are made to keep regular expressions busy: every one must be done with, in a time that only a defect takes. */

import test from 'ava'
import { redactorWith } from './support.ts'

const size = 100_000
const fill = (part: string) => part.repeat(Math.ceil(size / part.length)).slice(0, size)

const hostile: Readonly<Record<string, string>> = {
  'names that assign nothing': fill('PASSWORD_'),
  'assignments without values': fill('API_KEY='),
  'one long name': `export ${fill('SECRET_KEY_A')}`,
  'keywords only': fill('key token secret password api auth access '),
  'signs after keywords': fill('token\'"::='),
  'addresses without an at': fill('https://user:pass'),
  'one long address': `https://${fill('a:b')}`,
  'curl and line breaks': fill('curl -X \r\n \\\n'),
  'curl and quotes': fill('curl -u "a:'),
  'begun keys': fill('-----BEGIN PRIVATE KEY-----\n'),
  'a key without an end': `-----BEGIN RSA PRIVATE KEY-----\n${fill('QUJDREVGR0hJSktM\n')}`,
  'tokens without an end': fill('eyJ'),
  'cookies without values': fill('cookie: session=; '),
  'secrets of Kubernetes': fill('kind: secret data: a: '),
  'accounts of services': fill('{"private_key": "provider_x509'),
}

test('no hostile text takes long', async (t) => {
  const redactor = await redactorWith()
  const slow: string[] = []
  for (const [what, text] of Object.entries(hostile)) {
    const start = performance.now()
    t.is(typeof redactor.redactText(text).text, 'string', what)
    const ms = performance.now() - start
    t.log(`${what}: ${ms.toFixed(0)} ms`)
    if (ms > 20_000) slow.push(what)
  }
  t.deepEqual(slow, [])
})
