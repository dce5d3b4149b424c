/** What npm would publish, built from the sources as they are and installed as a user would. */

import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../../..')
const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'teleport-package-')))
const sources = path.join(scratch, 'package')
const prefix = path.join(scratch, 'prefix')
const env = {
  PATH: `${path.join(prefix, 'bin')}:${process.env['PATH']}`,
  HOME: scratch,
  npm_config_cache: path.join(scratch, 'cache'),
  npm_config_update_notifier: 'false',
  LC_ALL: 'C',
}

interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly mode: number }[]
}

/** `npm pack --json` lists one package. */
function parsePacked(json: string): Packed {
  const [packed] = JSON.parse(json) as readonly Packed[]
  if (!packed) throw new Error('npm packed nothing')
  return packed
}

let packed: Packed

test.before(async () => {
  mkdirSync(sources)
  for (const name of [
    'package.json',
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'man',
    'hooks',
    '.claude-plugin',
  ]) {
    if (existsSync(path.join(root, name)))
      cpSync(path.join(root, name), path.join(sources, name), { recursive: true })
  }
  await run(process.execPath, [path.join(root, 'scripts/build.mjs'), '--out', sources])
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', scratch], {
    cwd: sources,
    env,
  })
  packed = parsePacked(stdout)
  const tarball = path.join(scratch, packed.filename)
  await run('npm', ['install', '--global', '--prefix', prefix, '--offline', tarball], { cwd: scratch, env })
})
test.after.always(() => rmSync(scratch, { recursive: true, force: true }))

const manifest = (): Record<string, unknown> =>
  JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))

test('a plugin whose files are gone, as during an update, keeps no prompt from anybody', async (t) => {
  const commands = commandsIn(
    JSON.parse(readFileSync(path.join(root, 'hooks/claude/hooks/hooks.json'), 'utf8')),
  )
  t.is(commands.length, 5)
  for (const line of commands) {
    // Where sh is dash, it ends with 2 for a script that is not there, which the client takes for a no.
    await t.notThrowsAsync(
      run('sh', ['-c', line], { env: { ...env, CLAUDE_PLUGIN_ROOT: '/nonexistent' } }),
      line,
    )
  }
})

test('the plugin for Claude Code has the version of the package that it lies in', (t) => {
  const versionIn = (file: string): unknown => JSON.parse(readFileSync(path.join(root, file), 'utf8')).version
  t.is(versionIn('hooks/claude/.claude-plugin/plugin.json'), versionIn('package.json'))
})

function commandsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  const own = 'command' in value && typeof value.command === 'string' ? [value.command] : []
  return [...own, ...Object.values(value).flatMap(commandsIn)]
}

test('the package holds the program, the library, its manual, its hooks and its papers, and nothing else', (t) => {
  const expected =
    /^(?:dist\/(?:git-teleport\.cjs|main\.js|(?:index|agent-sdk)\.(?:js|d\.ts))|dist\/chunks\/[\w.-]+\.js|dist\/web\/(?:document(?:-locked)?|app)\.js|dist\/web\/(?:document|app)-style\.css|man\/git-teleport\.1|hooks\/.+|\.claude-plugin\/marketplace\.json|package\.json|LICENSE|README\.md|CHANGELOG\.md|THIRD-PARTY-NOTICES\.md)$/
  const names = packed.files.map((file) => file.path)
  t.deepEqual(
    names.filter((name) => !expected.test(name)),
    [],
  )
  for (const name of [
    'dist/git-teleport.cjs',
    'dist/web/app-style.css',
    'dist/web/app.js',
    'dist/web/document.js',
    'man/git-teleport.1',
    'LICENSE',
    'THIRD-PARTY-NOTICES.md',
  ]) {
    t.true(names.includes(name), name)
  }
})

test('the package is small', (t) => {
  t.true(packed.size <= 2_000_000, `packed: ${packed.size} bytes`)
  t.true(packed.unpackedSize <= 3_000_000, `unpacked: ${packed.unpackedSize} bytes`)
})

test('installing needs no other package and runs no program', (t) => {
  const { scripts, ...rest } = manifest()
  for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies', 'bundleDependencies']) {
    t.false(kind in rest, kind)
  }
  const atInstall = /^(?:pre|post)?(?:install|uninstall|prepare)$|^dependencies$/
  t.deepEqual(
    Object.keys(scripts ?? {}).filter((name) => atInstall.test(name)),
    [],
  )
  t.deepEqual(readdirSync(path.join(prefix, 'lib/node_modules')), ['git-teleport'])
  t.false(existsSync(path.join(prefix, 'lib/node_modules/git-teleport/node_modules')))
})

test('git finds the installed command, and it knows its version', async (t) => {
  const version = `git-teleport ${manifest()['version']}\n`
  const options = { cwd: scratch, env }
  t.deepEqual(await run('git-teleport', ['--version'], options), { stdout: version, stderr: '' })
  t.deepEqual(await run('git', ['teleport', '-v'], options), { stdout: version, stderr: '' })
})

test('the whole program is in the bundle: a wrong verb is answered by its command line', async (t) => {
  const error = await t.throwsAsync(run('git-teleport', ['no-such-verb'], { cwd: scratch, env }))
  t.like(error, { code: 2 })
})

test('no command waits for the parts of Node that only a page needs', async (t) => {
  const tell = 'process.on("exit", () => process._rawDebug(process.moduleLoadList.join("\\n")))'
  const { stderr } = await run(
    process.execPath,
    ['--import', `data:text/javascript,${tell}`, path.join(prefix, 'bin/git-teleport'), 'completion', 'bash'],
    { cwd: scratch, env },
  )
  const loaded = stderr.split('\n').map((line) => line.replace(/^NativeModule /, ''))
  t.true(loaded.includes('crypto'))
  t.deepEqual(
    loaded.filter((name) => /^(?:_?https?|_http_|internal\/deps\/undici)/.test(name)),
    [],
  )
})

test('git finds the manual', async (t) => {
  t.true(existsSync(path.join(prefix, 'share/man/man1/git-teleport.1')))
  const hasMan = await run('man', ['--version']).then(
    () => true,
    () => false,
  )
  if (!hasMan) return
  const withManual = { ...env, MANPATH: path.join(prefix, 'share/man'), MANPAGER: 'cat', GIT_PAGER: 'cat' }
  const { stdout } = await run('git', ['teleport', '--help'], { cwd: scratch, env: withManual })
  t.regex(stdout, /^GIT-TELEPORT\(1\)/)
})
