/** Several people with keys of their own, one remote, and the policy that lets them in. */

import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { stringAt } from '../support/json.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'
import { type Seat, seatAt } from './seat.ts'

export interface Crew {
  /** Path of the bare remote. */
  readonly remote: string
  /** A person at a new machine, with a key of the person's own; no member yet. */
  sit(name: string): Promise<Seat>
  /** Commits a policy with these members to the default branch and has every seat given accept it. */
  appoint(members: readonly Seat[], more?: Readonly<Record<string, string>>): Promise<string>
}

interface Teardown {
  teardown(work: () => Promise<void>): void
}

/** Each member's principal is `<machine>@example.org`. */
export async function makeCrew(t: Teardown, format: 'sha1' | 'sha256' = 'sha1'): Promise<Crew> {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote('remote', format)
  const editor = await sandbox.machine('editor')
  const top = await checkout(editor, remote, 'app')
  return {
    remote,
    async sit(name) {
      const machine = await sandbox.machine(name)
      const seat = seatAt(machine, await checkout(machine, remote, `${name}-work/app`))
      await seat.run(['init'])
      return seat
    },
    async appoint(members, more = {}) {
      const lines = await Promise.all(members.map(signerLine))
      const files = { allowed_signers: lines.join('\n').concat('\n'), ...more }
      await mkdir(path.join(top, '.teleport'), { recursive: true })
      for (const [name, text] of Object.entries(files))
        await writeFile(path.join(top, '.teleport', name), text)
      await editor.git(top, 'add', '.teleport')
      await editor.git(top, 'commit', '--quiet', '--message', 'team')
      await editor.git(top, 'push', '--quiet', 'origin', 'HEAD')
      const commit = await editor.git(top, 'rev-parse', 'HEAD')
      for (const seat of members) await seat.run(['policy', '--trust-policy', commit])
      return commit
    },
  }
}

export async function publicKey(seat: Seat): Promise<string> {
  const text = stringAt(await seat.run(['key', 'show']), 'publicKey') ?? ''
  return text.split(' ').slice(0, 2).join(' ')
}

export const principalOf = (seat: Seat): string => `${seat.machine.name}@example.org`

async function signerLine(seat: Seat): Promise<string> {
  return `${principalOf(seat)} namespaces="git" ${await publicKey(seat)}`
}
