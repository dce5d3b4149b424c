/** The real answers to what the system says about this machine. Pure. */

import type { SystemFacts } from './world.ts'

/** The managed policy lies where no environment and no HOME of the user's can move it. */
export function systemFacts(platform: NodeJS.Platform): SystemFacts {
  const windows = platform === 'win32'
  return {
    policyFile: windows ? 'C:\\ProgramData\\git-teleport\\policy' : '/etc/git-teleport/policy',
    policyOwner: windows ? null : 0,
    isPublicHost,
  }
}

/** A name with a dot in it, or an address outside of the private, local and link ranges. */
export function isPublicHost(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (name.includes(':')) return !/^(?:::1?$|f[cd]|fe[89ab]|::ffff:)/.test(name)
  if (/^[\d.]+$/.test(name)) {
    return !/^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.|$)/.test(name)
  }
  return name.includes('.') && !/\.(?:local|localhost|internal|intranet|lan|home\.arpa)$/.test(name)
}
