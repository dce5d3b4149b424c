/** `pull --resume` on a terminal: says whose words they are, then becomes the client; `claude` is a stand-in. */

import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { cli } from '../support/cli.ts'
import { session, tell } from './seat.ts'
import { makeTeam } from './team.ts'

test('on a terminal the summary comes first, then the client starts with the session, and its exit code is ours', async (t) => {
  const team = await makeTeam(t)
  const ada = await team.sit('ada')
  const ben = await team.sit('ben')
  await team.admit(ada, [
    { seat: ada, principal: 'ada@example.org' },
    { seat: ben, principal: 'ben@example.org' },
  ])
  await tell(ada, { bytes: 20_000 })
  await ada.run(['push', '--to', 'team', '--yes'])
  await ben.run(['pull', session, '--dry-run'])
  // Where its installer puts it, which is on the PATH of nobody who did not say so.
  const bin = path.join(ben.machine.home, '.local/bin')
  await mkdir(bin, { recursive: true })
  const client = '#!/bin/sh\necho "STARTED $* in $PWD"; env | grep ^GIT_PREFIX; test -t 0 && exit 3\n'
  await writeFile(path.join(bin, 'claude'), client, { mode: 0o755 })
  const env = { PATH: '/usr/bin:/bin', GIT_PREFIX: '' }
  const piped = await cli(ben.machine, ['pull', session, '--resume'], { cwd: ben.top, env })
  t.is(piped.exitCode, 2)
  t.regex(piped.stderr, /--resume starts Claude Code, which needs a terminal/)
  const shown = await cli(ben.machine, ['pull', session, '--resume', '--yes'], {
    cwd: ben.top,
    env,
    tty: true,
  })
  t.is(shown.exitCode, 3, shown.stdout)
  const [summary = '', started = ''] = shown.stdout.split('STARTED ')
  t.regex(summary, /signed by ada@example\.org, a member \(SHA256:/)
  t.regex(summary, /text from ada@example\.org steers your agent/)
  t.is(started.trimEnd(), `--resume ${session} in ${ben.top}`)
})
