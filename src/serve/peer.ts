/** Whose a connection to this machine's loopback is, where the system tells. */

import { readFile } from 'node:fs/promises'

interface Ends {
  /** Ports of the two ends, as the server sees them. */
  readonly local: number
  readonly remote: number
}

/**
 * False when the other end is a program of another user, who may have seen the address in the list of processes. The
 * administrator may look at everything anyway, and relays of containers run as that.
 */
export async function isOwnPeer(ends: Ends, ownUid: number | undefined): Promise<boolean> {
  if (ownUid === undefined) return true
  // Linux alone has it; elsewhere nobody knows.
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => ''))
  const uid = uidOfPeer((await Promise.all(tables)).join('\n'), ends)
  return uid === undefined || uid === ownUid || uid === 0
}

/** In the kernel's tables of connections the peer is a row of its own, its ends the other way round. Pure. */
export function uidOfPeer(table: string, { local, remote }: Ends): number | undefined {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0')
  for (const row of table.split('\n')) {
    const [, from, to, , , , , uid = ''] = row.trim().split(/\s+/)
    if (
      from?.endsWith(`:${hex(remote)}`) &&
      to?.endsWith(`:${hex(local)}`) &&
      isLoopback(from) &&
      isLoopback(to)
    )
      return Number(uid)
  }
  return undefined
}

/** 127.0.0.0/8, in either order of bytes, also as a socket of IPv6 has it. */
function isLoopback(end: string): boolean {
  return /^(?:0{16}(?:FFFF0000|0000FFFF))?(?:7F[0-9A-F]{6}|[0-9A-F]{6}7F):/.test(end)
}
