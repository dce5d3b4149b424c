/** The machine's own secrets: where they are gathered, and in which forms they are found. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import { isTelling, knownValues } from '../../src/redact/known-values.ts'
import { collectKnownValues } from '../../src/redact/local-values.ts'
import { redactAll, redactorWith } from './support.ts'

const value = 'Blaue Pferde "fliegen" tief!'

test('a known value is found in prose and in every form', async (t) => {
  const redactor = await redactorWith({ knownValues: [value] })
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const forms = [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    encodeURIComponent(value).replaceAll('%20', '+'),
    base64(value),
    base64(`a:${value}`),
    base64(`ab:${value}x`),
    base64(`abc:${value}xy`),
  ]
  for (const form of forms) {
    const { text, rules } = redactor.redactText(`he said ${form}, then left`)
    t.deepEqual(rules, ['known-value'], form)
    t.true(text.startsWith('he said ') && text.endsWith(', then left'), text)
    t.false(text.includes(form.slice(6, 20)), text)
  }
  t.deepEqual(redactor.redactText(value.toLowerCase()).rules, [], 'its case counts')
})

test('a known value of many bytes is found in a row', async (t) => {
  const { output } = await redactAll('session.jsonl', `{"text":"so: Schlüssel-für-Ünter!"}\n`, {
    knownValues: ['Schlüssel-für-Ünter!'],
  })
  t.regex(output.toString(), /^\{"text":"so: \[REDACTED:known-value:[0-9a-f]{4}\]"\}\n$/)
})

test('values that say nothing are not looked for', (t) => {
  for (const text of ['', 'short', 'localhost', 'Password', 'aaaaaaaaaaaa', 'development', 'banana']) {
    t.false(isTelling(text), text)
  }
  t.true(isTelling('correct-horse'))
  t.deepEqual(knownValues(['true', 'admin', 'changeme']), [])
})

test('secrets are gathered from the places where tools keep them', async (t) => {
  const home = await mkdtemp(path.join(tmpdir(), 'teleport-known-'))
  t.teardown(() => rm(home, { recursive: true }))
  const project = path.join(home, 'app')
  await mkdir(path.join(home, '.aws'))
  await mkdir(project)
  const files = {
    'app/.env': `A_TOKEN=env-file-token # mine\nexport QUOTED_SECRET="two words 1"\nNODE_ENV=production\nPORT=8080\nRANDOM=Zx81kq0PmW3vTt5Rb7\nKEY_FILE=/etc/ssl/key.pem\nURL=postgres://ada:in%20address1@host/db\n`,
    'app/.env.local': `API_KEY='local-file-key-1'\n`,
    'app/.env.example': `API_KEY=shared-sample-value\n`,
    '.npmrc': `registry=https://r/\n//r/:_authToken=npm-file-token\n`,
    '.netrc': `machine h login ada password netrc-file-pass\n`,
    '.aws/credentials': `[default]\naws_access_key_id = AKIDNOTSECRET1\naws_secret_access_key = aws/file+secret\n`,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(home, name), text)
  const env = {
    MY_PASSWORD: 'from-variable',
    SSH_AUTH_SOCK: '/run/agent.sock',
    PATH: '/usr/bin:/bin',
    PWD: '/home/ada',
  }
  const found = await collectKnownValues({
    env,
    home,
    folders: [project, project, path.join(home, 'missing')],
  })
  t.deepEqual([...found].sort(), [
    'Zx81kq0PmW3vTt5Rb7',
    'aws/file+secret',
    'env-file-token',
    'from-variable',
    'in address1',
    'in%20address1',
    'local-file-key-1',
    'netrc-file-pass',
    'npm-file-token',
    'two words 1',
  ])
})
