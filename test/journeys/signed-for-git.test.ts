/** What we sign stands before git itself, by the file that the repository carries. */

import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { sessionRef } from '../../src/git-store/refs.ts'
import { makeCrew, principalOf } from './crew.ts'
import { goOn, session, tell } from './seat.ts'

for (const format of ['sha1', 'sha256'] as const) {
  test(`git verify-commit takes sessions and indexes by the repository’s own allowed_signers (${format})`, async (t) => {
    const crew = await makeCrew(t, format)
    const ada = await crew.sit('ada')
    const rob = await crew.sit('rob')
    const { machine } = rob
    const rsa = path.join(machine.home, 'id_rsa')
    await machine.run('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', rsa])
    await rob.run(['init', '--key', rsa])
    await crew.appoint([ada, rob])
    const tale = await tell(ada, { bytes: 12_000 })
    await ada.run(['push', '--to', 'team', '--yes'])
    await rob.run(['pull', session])
    await goOn(tale, rob)
    await rob.run(['push', session, '--yes'])

    // As the page on members says: anybody with git, and nothing of ours.
    const signers = path.join(machine.home, 'signers')
    await writeFile(signers, `${await machine.git(crew.remote, 'show', 'HEAD:.teleport/allowed_signers')}\n`)
    const verify = ['-c', `gpg.ssh.allowedSignersFile=${signers}`]
    const refs = await machine.git(crew.remote, 'for-each-ref', '--format=%(refname)', 'refs/teleport')
    t.is(refs.split('\n').length, 3)
    const seen: string[] = []
    for (const ref of refs.split('\n')) {
      await machine.git(crew.remote, ...verify, 'verify-commit', ref)
      seen.push(await machine.git(crew.remote, ...verify, 'log', '-1', '--format=%G? %GS', ref))
    }
    t.regex(refs, /^refs\/teleport\/index\/[a-z2-7]{26}\n.*\n.*\/sessions\//)
    t.deepEqual([...new Set(seen)].sort(), [`G ${principalOf(ada)}`, `G ${principalOf(rob)}`])
    await machine.git(crew.remote, 'fsck', '--strict')
    // A line that names somebody else's key vouches for neither.
    await writeFile(signers, '')
    await t.throwsAsync(machine.git(crew.remote, ...verify, 'verify-commit', sessionRef(session)))
  })
}
