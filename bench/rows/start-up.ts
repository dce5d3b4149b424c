/** What it takes to say the version, against a Node that does nothing. */

import { programFile } from '../../test/support/cli.ts'
import { byTurns, contestant, timed } from '../clock.ts'
import { type RowGroup, ratio } from '../row.ts'

export const startUp: RowGroup = {
  name: 'start-up',
  async measure({ quick }) {
    const here = { cwd: '/', env: { PATH: process.env['PATH'] ?? '', HOME: '/' } }
    const node = (...args: string[]) => timed(process.execPath, args, here)
    const version = contestant(() => node(programFile, '--version'))
    const nothing = contestant(() => node('-e', '0'))
    await byTurns([version, nothing], quick ? 5 : 31)
    return [
      {
        what: '`git teleport --version`',
        bar: '≤ 1.3 × `node -e 0`',
        measured: ratio(version.took(), nothing.took()),
        ok: version.took().wallMs <= 1.3 * nothing.took().wallMs,
      },
    ]
  },
}
