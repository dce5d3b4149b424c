/** Shows an address in the user's browser, where there is one. */

import { spawn } from 'node:child_process'
import type { Io } from './io.ts'

/** Nothing happens where it cannot be done: the address was printed. */
export function openInBrowser({ env, platform }: Pick<Io, 'env' | 'platform'>, url: string): void {
  const [command, ...args] = openerOf(platform)
  // Not through a shell: in an address `&` is no operator.
  const child = spawn(command, [...args, url], { env, stdio: 'ignore', detached: true, windowsHide: true })
  child.on('error', () => undefined)
  child.unref()
}

function openerOf(platform: NodeJS.Platform): readonly [string, ...string[]] {
  if (platform === 'darwin') return ['open']
  return platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open']
}
