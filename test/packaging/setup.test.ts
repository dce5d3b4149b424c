/** `npm run setup` in a clean clone, for a user with an empty home. */

import { execFile } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../../..')
const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'teleport-setup-')))
const clone = path.join(scratch, 'clone')
const version: unknown = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version

test.before(() => {
  mkdirSync(clone)
  for (const name of ['package.json', 'tsconfig.json', 'LICENSE', 'src', 'scripts', 'man', 'hooks']) {
    if (readdirSync(root).includes(name))
      cpSync(path.join(root, name), path.join(clone, name), { recursive: true })
  }
  symlinkSync(realpathSync(path.join(root, 'node_modules')), path.join(clone, 'node_modules'))
})
test.after.always(() => rmSync(scratch, { recursive: true, force: true }))

/** A machine of its own; npm's global folder lies inside of it, so that nothing else is ever written. */
function makeMachine(name: string, shell: string) {
  const home = path.join(scratch, name)
  const npmPrefix = path.join(home, 'npm-global')
  mkdirSync(path.join(npmPrefix, 'bin'), { recursive: true })
  const setUp = async (...onPath: readonly string[]) => {
    const env = {
      PATH: [...onPath.map((folder) => path.join(home, folder)), process.env['PATH']].join(':'),
      HOME: home,
      SHELL: shell,
      npm_config_prefix: npmPrefix,
      npm_config_cache: path.join(scratch, 'cache'),
      npm_config_update_notifier: 'false',
    }
    const { stdout } = await run(process.execPath, ['scripts/setup.mjs'], { cwd: clone, env })
    return stdout
  }
  return { home, setUp }
}

test.serial(
  'a user whose shells know no folder of theirs gets one, and the line that names it',
  async (t) => {
    const { home, setUp } = makeMachine('fresh', '/bin/bash')
    const told = await setUp()
    t.true(told.includes(`Installing into ${path.join(home, '.local')} …`), told)
    t.true(told.includes(`Installed git-teleport ${version}`), told)
    t.regex(told, /\n {2}echo 'export PATH="\$HOME\/\.local\/bin:\$PATH"' >> ~\/\.bash\w+ && export PATH=/)
    t.regex(told, /git teleport demo\):\n\n./)
    t.deepEqual(readdirSync(path.join(home, '.local/bin')), ['git-teleport'])
    t.deepEqual(readdirSync(path.join(home, '.local/share/man/man1')), ['git-teleport.1'])
  },
)

test.serial('setting up again does the same again, and a fish user gets a line for fish', async (t) => {
  const { home, setUp } = makeMachine('fresh', '/usr/bin/fish')
  const told = await setUp()
  t.true(told.includes('\n  fish_add_path "$HOME/.local/bin"\n'), told)
  t.deepEqual(readdirSync(path.join(home, '.local/bin')), ['git-teleport'])
})

test.serial('the global folder of npm is used where shells look and the user may write', async (t) => {
  const { home, setUp } = makeMachine('own-npm', '/bin/bash')
  const told = await setUp('npm-global/bin')
  t.true(told.includes(`Installing into ${path.join(home, 'npm-global')} …`), told)
  t.deepEqual(readdirSync(path.join(home, 'npm-global/bin')), ['git-teleport'])
  t.notRegex(told, /run this line/)
})
