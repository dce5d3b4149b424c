/** Options in the place of ids, remotes and refs, and refs on the remote that are no sessions. */

import test from 'ava'
import { git, plant } from './mallory.ts'
import { picture, world } from './victim.ts'

for (const id of [
  '--upload-pack=touch owned',
  '-x',
  '--',
  '../../x',
  'HEAD',
  '*',
  '5b1e*',
  'refs/heads/main',
  "';id'",
  '\x1b[2J',
  'a'.repeat(5000),
])
  test.serial(`refuses ${JSON.stringify(id.slice(0, 40))} in the place of an id`, async (t) => {
    const { ada } = await world()
    const before = await picture(await world())
    for (const verb of ['pull', 'show', 'fetch', 'rm', 'push']) {
      const failure = await ada.refused([verb, `--json`, `--`, id])
      t.true([2, 3].includes(failure.exitCode), `${verb}: ${failure.exitCode} ${failure.message}`)
    }
    t.deepEqual(await picture(await world()), before)
  })

for (const remote of [
  '--upload-pack=touch owned',
  '-oProxyCommand=touch owned',
  'ext::sh -c touch% owned',
  'ssh://-oProxyCommand=touch/x',
  'file:///etc',
  '..',
  'origin;id',
])
  test.serial(`refuses ${JSON.stringify(remote)} in the place of a remote`, async (t) => {
    const { ada } = await world()
    const before = await picture(await world())
    const failure = await ada.refused(['list', `--remote=${remote}`])
    t.true([4, 7].includes(failure.exitCode), `${failure.exitCode} ${failure.message}`)
    t.deepEqual(await picture(await world()), before)
  })

test.serial('a remote whose URL runs a command or begins with a dash is not used', async (t) => {
  const { ada } = await world()
  for (const url of ['ext::sh -c touch% owned', 'ssh://-oProxyCommand=touch/x', '-u./x', 'fd::17']) {
    await ada.machine.git(ada.top, 'config', 'remote.evil.url', url)
    const before = await picture(await world())
    const failure = await ada.refused(['list', '--remote', 'evil'])
    t.true([4, 7].includes(failure.exitCode), `${url}: ${failure.exitCode} ${failure.message}`)
    t.deepEqual(await picture(await world()), before)
    await ada.machine.git(ada.top, 'config', '--remove-section', 'remote.evil')
  }
})

test.serial('refs on the remote that are no sessions are passed over', async (t) => {
  const at = await world()
  const { session, commit } = await plant(at)
  for (const name of [
    'refs/teleport/sessions/--upload-pack=touch',
    'refs/teleport/sessions/NOT-A-UUID',
    `refs/teleport/sessions/${session}x`,
    `refs/teleport/sessions/${session.toUpperCase()}x/y`,
    'refs/teleport/index/not-a-device',
    `refs/teleport/index/${'a'.repeat(26)}`,
    'refs/teleport/policy/main',
    'refs/teleport/;id',
  ])
    git(at, ['update-ref', name, commit])
  const before = await picture(at)
  await at.ada.run(['list'])
  t.like(await at.ada.run(['pull', session, '--dry-run']), { session, state: 'new' })
  t.deepEqual(await picture(at), before)
})
