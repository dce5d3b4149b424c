/** What people pay who share the repository and don't use the program. */

import { type Lab, session, teleport, tell, withLab } from '../lab.ts'
import type { Row, RowGroup } from '../row.ts'

export const others: RowGroup = { name: 'others', measure: () => withLab(measureOthers) }

async function measureOthers(lab: Lab): Promise<readonly Row[]> {
  const { laptop, desktop } = lab
  const git = (...args: string[]) => desktop.machine.git(desktop.top, ...args)
  const state = async () => [
    await git('count-objects', '-v'),
    await git('for-each-ref'),
    await git('config', '--list'),
  ]
  const before = await state()
  const refsBefore = (await git('ls-remote', 'origin')).split('\n').length
  await tell(laptop, 200_000)
  await teleport(laptop, 'push', session)
  const refs = (await git('ls-remote', 'origin')).split('\n').length - refsBefore
  await git('fetch', '--quiet')
  await git('pull', '--quiet')
  const same = (await state()).join('\n') === before.join('\n')
  return [
    {
      what: 'others in the repository',
      bar: 'one advertised ref for a live session, one for a device, nothing else',
      measured: `${refs} refs more; after a fetch and a pull their clone ${same ? 'is as it was' : 'has changed'}`,
      ok: refs === 2 && same,
    },
  ]
}
