import test from 'ava'
import fc from 'fast-check'
import { hasCode } from '../../src/errors.ts'
import { openChannel } from '../../src/git-store/channel.ts'
import { parseTarget, type Target, targetName, targetPlace } from '../../src/git-store/target.ts'

const nothingHere = () => false

const ssh = { kind: 'ssh', user: null, host: 'build', port: null, path: '/w/app' } as const
const container = { kind: 'container', engine: 'docker', user: null, name: 'dev', path: '/w/app' } as const

/** What is written, what it means, and how it is called from then on where that differs. */
const known: readonly (readonly [string, Target, string?])[] = [
  ['ssh://build/w/app', ssh],
  ['ssh://ada@build:2222/w/a%20b', { ...ssh, user: 'ada', port: 2222, path: '/w/a%20b' }],
  ['SSH://Build.Example.org/w/app', { ...ssh, host: 'build.example.org' }, 'ssh://build.example.org/w/app'],
  ['ssh://[2001:db8::1]:22/w/app', { ...ssh, host: '2001:db8::1', port: 22 }],
  ['ssh://build/~/work/app', { ...ssh, path: 'work/app' }],
  ['ada@build:work/app', { ...ssh, user: 'ada', path: 'work/app' }, 'ssh://ada@build/~/work/app'],
  ['build:/w/app', ssh, 'ssh://build/w/app'],
  ['docker://root@Orchard_dev-1/w/app', { ...container, user: 'root', name: 'Orchard_dev-1' }],
  ['podman://dev/w/app', { ...container, engine: 'podman' }],
]

test('reads every kind of target', (t) => {
  for (const [text, expected, name = text] of known) {
    const target = parseTarget(text, nothingHere)
    t.deepEqual(target, expected, text)
    t.is(targetName(target), name)
  }
})

test('refuses what is no target, or what some program could take for an option', (t) => {
  const bad = [
    ...['', ' ', 'app', '../app', 'ssh://build', 'ssh://build/', 'ssh:///w', 'docker://dev', 'docker:///w'],
    ...['ssh://-oProxyCommand=x/w', 'ssh://-l@build/w', '-oProxyCommand=x:w', '-l@build:w', 'docker://-v/w'],
    ...[
      'ssh://build:0/w',
      'ssh://build:65536/w',
      'ssh://build:22x/w',
      'ssh://bu ild/w',
      'ssh://build/w/../x',
    ],
    ...[
      'ssh://a:b@build/w',
      'ssh://[::1/w',
      'ssh://[-x]/w',
      'ssh://build$(x)/w',
      'docker://a$(x)/w',
      'build:',
    ],
    ...[
      'https://build/w',
      'ext::sh -c x',
      'file:///w',
      'C:\\work',
      'ssh://build/w\nx',
      'ssh://build/\u001b[2J',
    ],
    ...[`ssh://build/${'x'.repeat(5000)}`],
  ]
  for (const text of bad) {
    const error = t.throws(() => parseTarget(text, nothingHere), undefined, text)
    t.true(hasCode(error, 'usage'), text)
    t.notRegex(error.message, /\p{Cc}/u)
  }
})

test('a folder that exists is one, whatever it looks like', (t) => {
  t.deepEqual(
    parseTarget('build:work', () => true),
    { kind: 'folder', path: 'build:work' },
  )
  t.is(targetPlace(parseTarget('ssh://ada@build/w', () => true)), 'ssh://build/w')
})

const options = { env: {}, cwd: '/', signal: new AbortController().signal, sshCommand: null }

test('git gets an address of each target that means the same to it', (t) => {
  const url = (text: string, path: string) =>
    openChannel(parseTarget(text, nothingHere), options).remote(path, [])
  t.is(url('ssh://ada@build:22/w', '/w/a b%c/.git').url, 'ssh://ada@build:22/w/a%20b%25c/.git')
  const docker = url('docker://ada@dev/w', '/w/a b%c/.git')
  t.is(docker.url, 'ext::docker exec -i --user ada dev %S /w/a% b%%c/.git')
  t.is(docker.direct?.allowProtocol, 'ext')
  t.is(url('ssh://build/w', '/w').direct?.allowProtocol, undefined)
})

test('whatever is typed is a target without a dash in front of its parts, or refused', (t) => {
  const piece = fc.constantFrom(
    '-',
    'a',
    '@',
    ':',
    '/',
    '~',
    '.',
    '..',
    '[',
    ']',
    '%',
    ' ',
    "'",
    '$(x)',
    '1',
    '\n',
  )
  const scheme = fc.constantFrom('ssh://', 'docker://', 'podman://', '')
  fc.assert(
    fc.property(scheme, fc.array(piece, { maxLength: 12 }), (start, pieces) => {
      let target: Target
      try {
        target = parseTarget(start + pieces.join(''), nothingHere)
      } catch (error) {
        if (hasCode(error, 'usage')) return
        throw error
      }
      if (target.kind === 'folder') throw new Error('nothing is here')
      const parts = [target.user, target.kind === 'ssh' ? target.host : target.name]
      for (const part of parts)
        if (part !== null && !/^[A-Za-z0-9_:.][\w.+@:%-]*$/.test(part)) throw new Error(part)
      if (/\p{Cc}/u.test(target.path) || target.path.split('/').includes('..')) throw new Error(target.path)
      if (targetName(parseTarget(targetName(target), nothingHere)) !== targetName(target))
        throw new Error(targetName(target))
    }),
    { numRuns: 300 },
  )
  t.pass()
})
