/** Where git-teleport keeps what belongs to the user and to no repository. Pure. */

import path from 'node:path'
import type { World } from './world.ts'

/** The user's folder of git-teleport: the device key and the list of own devices. */
export function userFolder(world: World): string {
  if (world.platform === 'win32') {
    return path.win32.join(
      world.env['APPDATA'] || path.win32.join(world.home, 'AppData', 'Roaming'),
      'git-teleport',
    )
  }
  return path.join(world.env['XDG_CONFIG_HOME'] || path.join(world.home, '.config'), 'git-teleport')
}

/** Where the program keeps Node's compiled code, by the rule of src/main.ts; undefined when that keeps none. */
export function cacheFolder(world: World): string | undefined {
  const { XDG_CACHE_HOME: chosen, HOME: home } = world.env
  if (chosen?.startsWith('/')) return path.join(chosen, 'git-teleport')
  return home?.startsWith('/') ? path.join(home, '.cache', 'git-teleport') : undefined
}
