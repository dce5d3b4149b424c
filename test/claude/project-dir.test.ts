/** Names of project folders. */

import test from 'ava'
import fc from 'fast-check'
import { claudeHome } from '../../src/claude/home.ts'
import { projectDirName } from '../../src/claude/project-dir.ts'

/** The same hash in arithmetic without overflow, as a check on the 32-bit tricks. */
function referenceHash(text: string): string {
  let hash = 0n
  for (let index = 0; index < text.length; index++) {
    hash = BigInt.asIntN(32, hash * 31n + BigInt(text.charCodeAt(index)))
  }
  return (hash < 0n ? -hash : hash).toString(36)
}

const named = test.macro({
  exec: (t, path: string, name: string) => t.is(projectDirName(path), name),
  title: (_, path, name) => `files ${path} under ${name}`,
})

test(named, '/home/ann/app', '-home-ann-app')
test(named, '/srv/a.b_c@d/with space', '-srv-a-b-c-d-with-space')
test(named, 'C:\\Users\\x\\p', 'C--Users-x-p')
test(named, '/tmp/ä/🦦', '-tmp-----')
test(named, '/tmp/a\u0308', '-tmp--')

test('a name of 200 characters is whole and one of 201 gets a hash of the path', (t) => {
  t.is(projectDirName(`/${'a'.repeat(199)}`), `-${'a'.repeat(199)}`)
  const long = `/${'b'.repeat(200)}`
  t.is(projectDirName(long), `-${'b'.repeat(199)}-${referenceHash(long)}`)
})

test('a known long path keeps its known name', (t) => {
  const path = `/home/ann/${'deep-folder/'.repeat(20)}project`
  t.is(projectDirName(path), `${path.replace(/[^A-Za-z0-9]/g, '-').slice(0, 200)}-${referenceHash(path)}`)
  t.true(projectDirName(path).endsWith('-wwt8k6'))
})

test('any path: the hash agrees with arithmetic on big integers', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 201, maxLength: 400 }), (text) => {
      const composed = text.normalize('NFC')
      fc.pre(composed.length > 200)
      t.true(projectDirName(text).endsWith(`-${referenceHash(composed)}`))
      t.regex(projectDirName(text), /^[A-Za-z0-9-]{200}-[0-9a-z]+$/)
    }),
    { numRuns: 100 },
  )
})

test('the configuration folder is the default one, or the one that the environment names', (t) => {
  t.deepEqual(claudeHome({}, '/home/ann', 'linux'), {
    home: '/home/ann',
    config: '/home/ann/.claude',
    platform: 'posix',
  })
  t.is(claudeHome({ CLAUDE_CONFIG_DIR: '/etc/claude/' }, '/home/ann', 'darwin').config, '/etc/claude')
  t.is(claudeHome({}, 'C:\\Users\\Ann', 'win32').config, 'C:\\Users\\Ann\\.claude')
})

test('a fixed project folder counts only beside a configuration folder, and when it is a plain name', (t) => {
  const fixed = { CLAUDE_CODE_PROJECT_DIR_NAME: 'one' }
  t.is(claudeHome(fixed, '/home/ann', 'linux').projectDirName, undefined)
  t.is(claudeHome({ ...fixed, CLAUDE_CONFIG_DIR: '/c' }, '/home/ann', 'linux').projectDirName, 'one')
  const hostile = { CLAUDE_CODE_PROJECT_DIR_NAME: '../x', CLAUDE_CONFIG_DIR: '/c' }
  t.is(claudeHome(hostile, '/home/ann', 'linux').projectDirName, undefined)
})
