/** The policy files as git and ssh-keygen read them: what we take, they take, and for the same. */

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { deviceIdOf, parseSshPublicKey } from '../../src/crypto/ssh-public-key.ts'
import { parseAllowedSigners, type ReadKey } from '../../src/trust/allowed-signers.ts'
import { parseGitConfig } from '../../src/trust/git-config.ts'

const env = {
  PATH: process.env['PATH'],
  LC_ALL: 'C',
  TZ: 'UTC',
  GIT_CONFIG_NOSYSTEM: '1',
  HOME: '/nonexistent',
}

/** `undefined`: git does not take it. */
function byGit(text: string): readonly (readonly [string, string])[] | undefined {
  const args = ['config', '--no-includes', '--file', '-', '--null', '--list']
  const { status, stdout } = spawnSync('git', args, { env, input: text, encoding: 'utf8' })
  if (status !== 0) return undefined
  return stdout
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const at = entry.indexOf('\n')
      // A name without a value.
      return at < 0 ? [entry, 'true'] : [entry.slice(0, at), entry.slice(at + 1)]
    })
}

test('a configuration that we take means the same to git', (t) => {
  const piece = fc.constantFrom(
    ...[
      '[teleport]\n',
      '[Teleport]',
      '[teleport "audit"]\n',
      '[a.b]\n',
      'maxLifetime',
      'x',
      ' ',
      ' = ',
      '=',
      '\n',
    ],
    ...[
      '"',
      '\\',
      '\\\n',
      '\\n',
      '\\"',
      '#',
      ';',
      '# c\n',
      '7d',
      'true',
      '\r\n',
      '[',
      ']',
      'é',
      '-',
      '1',
      '  y  z',
    ],
  )
  const entry = fc
    .tuple(fc.constantFrom('maxLifetime', 'pulls', 'a-b'), fc.array(piece, { maxLength: 6 }))
    .map(([name, value]) => `${name} = ${value.join('')}\n`)
  const text = fc
    .array(fc.oneof(entry, piece), { maxLength: 10 })
    .map((all) => `[teleport]\n${all.join('')}\n`)
  let taken = 0
  fc.assert(
    fc.property(text, (given) => {
      let ours: readonly (readonly [string, string])[]
      try {
        ours = parseGitConfig(given, (line, why) => new Error(`${line}: ${why}`)).map(({ key, value }) => [
          key,
          value,
        ])
      } catch {
        return
      }
      taken += 1
      t.deepEqual(byGit(given), ours, JSON.stringify(given))
    }),
    { numRuns: 120 },
  )
  t.true(taken > 20)
})

const readKey: ReadKey = (text) => {
  const { recipient, blob } = parseSshPublicKey(text)
  return { recipient, device: deviceIdOf(blob) }
}

test('a member’s line that we take names the same key and person to ssh-keygen', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'gt-signers-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const run = (args: readonly string[], input = '') =>
    spawnSync('ssh-keygen', args, { cwd: folder, env, input, encoding: 'utf8' })
  run(['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', 'id'])
  const key = execFileSync('cat', [path.join(folder, 'id.pub')], { encoding: 'utf8' }).trim()
  writeFileSync(path.join(folder, 'text.sig'), run(['-Y', 'sign', '-n', 'git', '-f', 'id'], 'text').stdout)
  const option = fc.constantFrom(
    ...['namespaces="git"', 'NAMESPACES="git"', 'namespaces="git,file"', 'namespaces=git', 'cert-authority'],
    ...[
      'valid-after="20200101"',
      'valid-before="20990101Z"',
      'valid-before="209901011200"',
      'no-touch-required',
    ],
  )
  const line = fc
    .record({
      before: fc.constantFrom('', ' ', '\t', '# x\n', '\n'),
      who: fc.constantFrom(
        'ada@example.org',
        'ada',
        '*@example.org',
        '"ada"',
        'a,b',
        '!ada',
        '-ada',
        'ada%x',
      ),
      options: fc.array(option, { minLength: 1, maxLength: 3 }).map((all) => ['namespaces="git"', ...all]),
      first: fc.boolean(),
      gap: fc.constantFrom(' ', '\t', '  '),
      after: fc.constantFrom('', ' laptop', ' a b', '\r', ' \t'),
    })
    .map(({ before, who, options, first, gap, after }) => {
      const list = [...new Set(first ? options : options.slice(1))].join(',')
      return `${before}${who}${gap}${list}${gap}${key}${after}\n`
    })
  let taken = 0
  fc.assert(
    fc.property(line, (given) => {
      let who: string
      try {
        who = parseAllowedSigners(given, readKey)[0]?.principal ?? ''
      } catch {
        return
      }
      taken += 1
      writeFileSync(path.join(folder, 'signers'), given)
      const found = run(['-Y', 'find-principals', '-f', 'signers', '-s', 'text.sig'])
      t.is(found.stdout.trim(), who, JSON.stringify([given, found.stderr]))
      const verified = run(
        ['-Y', 'verify', '-n', 'git', '-f', 'signers', '-I', who, '-s', 'text.sig'],
        'text',
      )
      t.is(verified.status, 0, JSON.stringify([given, verified.stderr]))
    }),
    { numRuns: 120 },
  )
  t.true(taken > 5)
})
