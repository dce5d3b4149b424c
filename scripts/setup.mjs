/**
 * `npm run setup`: builds the package, installs it for this user, checks that git finds the command and its manual,
 * and shows the demo. Needs Node and git only, asks for no rights, and may be run again at any time.
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '..')
const windows = process.platform === 'win32'

setUp()

function setUp() {
  if (!answers('git', ['--version'])) return fail('git is not on the PATH: install it and run this again')
  const prefix = choosePrefix()
  const folder = windows ? prefix : path.join(prefix, 'bin')
  say('Building …')
  run(process.execPath, [path.join(root, 'scripts/build.mjs')])
  say(`Installing into ${prefix} …`)
  installPackage(prefix)

  const env = { ...process.env, PATH: [folder, process.env.PATH].join(path.delimiter) }
  const version = answers('git', ['teleport', '--version'], env)
  if (!version) return fail('git does not find the command it was just given: git teleport --version fails')
  say(`Installed ${version}: git teleport <verb>`)
  checkManual(prefix, env)
  if (!isOnPath(folder))
    say(`\nTo have the command in every shell, run this line:\n\n  ${pathLine(folder)}\n`)
  else checkShadow(folder)

  say('A first look, with an invented session (git teleport demo):\n')
  const demo = spawnSync('git', ['teleport', 'demo'], { cwd: root, env, stdio: 'inherit' })
  if (demo.status !== 0) return fail('the command is installed, but its demo failed: run git teleport doctor')
}

/** npm's own folder if this user may write there and shells look there, else the user's own. */
function choosePrefix() {
  const prefix = npm(['prefix', '--global']).trim()
  const places = windows
    ? [prefix]
    : ['bin', 'lib/node_modules', 'share/man/man1'].map((name) => path.join(prefix, name))
  const folder = windows ? prefix : path.join(prefix, 'bin')
  if (isOnPath(folder) && places.every(isWritable)) return prefix
  return path.join(homedir(), '.local')
}

/** For a folder that does not exist yet: whether it could be made. */
function isWritable(folder) {
  if (!existsSync(folder)) return isWritable(path.dirname(folder))
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The tarball that npm would publish, so that what runs here is what others get. Nothing of it comes from a network. */
function installPackage(prefix) {
  const parcel = mkdtempSync(path.join(tmpdir(), 'git-teleport-'))
  try {
    const [{ filename }] = JSON.parse(
      npm(['pack', '--json', '--ignore-scripts', '--pack-destination', parcel]),
    )
    const tarball = path.join(parcel, filename)
    npm([
      'install',
      '--global',
      '--prefix',
      prefix,
      '--offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      tarball,
    ])
  } finally {
    rmSync(parcel, { recursive: true, force: true })
  }
}

function checkManual(prefix, env) {
  const page = path.join(prefix, 'share/man/man1/git-teleport.1')
  const found = answers('man', ['-w', 'git-teleport'], env)
  if (found) return say('The manual: git teleport --help')
  const because =
    env.MANPATH && answers('man', ['-w', 'git'], env) ? ' (MANPATH does not name its folder)' : ''
  if (existsSync(page)) say(`The manual: man ${tilde(page)}${because}`)
}

/** Another git-teleport that shells find first. */
function checkShadow(folder) {
  const name = windows ? 'git-teleport.cmd' : 'git-teleport'
  const first = pathFolders().find((one) => existsSync(path.join(one, name)))
  if (first && !isSame(first, folder))
    say(`Note: shells find another one first, ${tilde(path.join(first, name))}`)
}

/** For the shell of this user: for good and for now. */
function pathLine(folder) {
  const home = homedir()
  const place = folder.startsWith(`${home}/`) ? `$HOME${folder.slice(home.length)}` : folder
  if (windows) return `setx PATH "${folder};%PATH%"`
  const shell = path.basename(process.env.SHELL ?? '')
  if (shell === 'fish') return `fish_add_path "${place}"`
  const line = `export PATH="${place}:$PATH"`
  const profiles = { zsh: '~/.zshrc', bash: process.platform === 'darwin' ? '~/.bash_profile' : '~/.bashrc' }
  return profiles[shell] ? `echo '${line}' >> ${profiles[shell]} && ${line}` : line
}

function pathFolders() {
  return (process.env.PATH ?? '').split(path.delimiter).filter(Boolean)
}

function isOnPath(folder) {
  return pathFolders().some((one) => isSame(one, folder))
}

function isSame(one, other) {
  return resolved(one) === resolved(other)
}

function resolved(folder) {
  return existsSync(folder) ? realpathSync(folder) : path.resolve(folder)
}

function tilde(file) {
  const home = homedir()
  return file.startsWith(`${home}${path.sep}`) ? `~${file.slice(home.length)}` : file
}

/** The npm that runs this script, else the one on the PATH. */
function npm(args) {
  const cli = process.env.npm_execpath
  if (cli) return run(process.execPath, [cli, ...args])
  return run('npm', args, { shell: windows })
}

/** What it printed; its complaints are shown only if it fails, which ends the setup. */
function run(program, args, options = {}) {
  try {
    return execFileSync(program, args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    })
  } catch (error) {
    fail(
      [`${path.basename(program)} ${args.join(' ')} failed`, error.stdout, error.stderr]
        .filter(Boolean)
        .join('\n'),
    )
    process.exit()
  }
}

/** What it printed if it went well, else nothing. */
function answers(program, args, env = process.env) {
  const { status, stdout } = spawnSync(program, args, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 ? stdout.trim() : undefined
}

function say(text) {
  process.stdout.write(`${text}\n`)
}

function fail(text) {
  process.stderr.write(`setup: ${text}\n`)
  process.exitCode = 1
}
