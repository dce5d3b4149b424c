/** The one error for a remote that git does not reach. Pure. */

import { TeleportError } from '../errors.ts'
import { droppedConfigMark } from './environment.ts'
import type { GitAnswer } from './git.ts'
import { showOutside } from './outside-text.ts'
import type { Remote } from './remote.ts'
import type { UserRepo } from './user-repo.ts'

/** `remote-access`, with what git said, without the URL, which may hold a password. */
export function accessError(repo: UserRepo, remote: Remote, answer: GitAnswer): TeleportError {
  const said = showOutside(answer.stderr.replaceAll(remote.url, remote.name))
  const name = showOutside(remote.name, 60)
  const about = `git cannot reach the remote ${name}, or was not let in`
  const dropped = repo.environment[droppedConfigMark] === '1'
  return new TeleportError('remote-access', said === '' ? about : `${about}: ${said}`, {
    hint: dropped
      ? 'settings of `git -c` and GIT_CONFIG_COUNT are not passed on: put what the login needs into a config file'
      : `git ls-remote ${name} HEAD`,
    data: { exitCode: answer.exitCode },
  })
}
