/** Our hooks in git's configuration, as git 2.54 and newer take them, and what becomes of them where git is older. */

import { appendFile, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { commandFor } from '../../src/git-store/hook-block.ts'
import { knowsConfigHooks } from '../../src/git-store/hook-config.ts'
import { openUserRepo } from '../../src/git-store/user-repo.ts'
import { body, hookNames, installAs, pictureOf, statesIn, travel, writeHook } from './hook-travel.ts'
import { makeHome, type Seat } from './seat.ts'

const configFile = (seat: Seat) => path.join(seat.top, '.git/config')

test('hooks of the configuration are six settings of the repository, and uninstall leaves every byte as it was', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const { machine, top } = seat
  await writeHook(path.join(top, '.git/hooks/post-commit'), `#!/bin/sh\n${body('post-commit')}`, 0o755)
  await appendFile(
    configFile(seat),
    '# mine\n[hook "mine"]\n\tcommand = echo mine ; of no use\n   event = post-commit\n[Hook]\n\tjobs = 2 # two\n',
  )
  await seat.run(['status'])
  const before = await pictureOf(seat)
  const text = await readFile(configFile(seat), 'utf8')
  const settings = () => machine.git(top, 'config', '--local', '--null', '--list')
  const theirs = await settings()

  t.like(await installAs(seat, 'config', true), { kind: 'config', folder: null, dryRun: true })
  t.deepEqual(await pictureOf(seat), before)
  t.is((await seat.run(['hook', 'status']))['installed'], 'no')

  await installAs(seat, 'config')
  const ours = hookNames.flatMap((name) => [
    `hook.git-teleport-${name}.command\n${commandFor(name)}\0`,
    `hook.git-teleport-${name}.event\n${name}\0`,
  ])
  t.is(await settings(), theirs + ours.join(''))
  const installed = await readFile(configFile(seat), 'utf8')
  t.true(installed.startsWith(text), 'what was there is not touched')
  await installAs(seat, 'config')
  t.is(await readFile(configFile(seat), 'utf8'), installed)
  t.deepEqual(
    (await pictureOf(seat)).filter((row) => !row.includes('[hook "mine"]')),
    before.filter((row) => !row.includes('[hook "mine"]')),
    'no file but the configuration',
  )
  const status = async () => {
    const { installed: state, hooks } = await seat.run(['hook', 'status'])
    return [state, ...statesIn(hooks)]
  }
  t.deepEqual(await status(), ['yes', 'configured', 'configured', 'configured'])

  const [setting, off] = ['hook.git-teleport-post-commit', 'hook.git-teleport-pre-push.enabled']
  await machine.git(top, 'config', off, 'false')
  await machine.git(top, 'config', `${setting}.command`, 'echo of an older version')
  t.deepEqual(await status(), ['partly', 'missing', 'configured', 'missing'])
  await machine.git(top, 'config', '--unset', off)
  await installAs(seat, 'config')
  t.deepEqual(await status(), ['yes', 'configured', 'configured', 'configured'])

  t.deepEqual((await seat.run(['hook', 'uninstall', '--dry-run']))['removed'], [...hookNames])
  t.is(await readFile(configFile(seat), 'utf8'), installed)
  t.deepEqual((await seat.run(['hook', 'uninstall']))['removed'], [...hookNames])
  t.deepEqual(await pictureOf(seat), before)
  t.deepEqual(await status(), ['no', 'missing', 'missing', 'missing'])

  // A configuration whose last line has no end gets one from git, and keeps it.
  await writeFile(configFile(seat), text.trimEnd())
  await installAs(seat, 'config')
  await seat.run(['uninstall', '--yes'])
  t.is((await readFile(configFile(seat), 'utf8')).trimEnd(), text.trimEnd())
})

/**
 * git before 2.54 ignores such settings: there a script in the folder of hooks runs what they say, in the way in which
 * git 2.54 does it (the command through sh, with the hook's arguments behind it and what it is told on stdin).
 */
const asGitDoes = (name: string) =>
  `#!/bin/sh
${name === 'post-commit' ? 'told=' : 'told=$(cat)'}
command=$(git config --get hook.git-teleport-${name}.command) &&
  case $(git config --get-all hook.git-teleport-${name}.event) in
    ${name}) printf '%s\\n' "$told" | sh -c "$command \\"\\$@\\"" "$command" "$@" || exit ;;
  esac
printf '%s\\n' "$told" | {
${body(name)}}
`

for (const upgraded of [false, true]) {
  const title = `commits are noted by hooks of the configuration${upgraded ? ', once where git was older before' : ''}`
  test(title, async (t) => {
    await travel(t, {
      theirs: hookNames,
      async install(seat) {
        if (upgraded) await installAs(seat, 'files')
        return installAs(seat, 'config')
      },
      async prepare(seat) {
        const real = await knowsConfigHooks(await openUserRepo(seat.top, seat.machine.env))
        const version = await seat.machine.git(seat.top, '--version')
        t.log(real ? `by ${version}` : `${version} does not run them: by scripts that do what 2.54 does`)
        const text = (name: string) => (real ? `#!/bin/sh\n${body(name)}` : asGitDoes(name))
        for (const name of hookNames)
          await writeHook(path.join(seat.top, '.git/hooks', name), text(name), 0o755)
        return seat
      },
    })
  })
}
