/** Another place with a checkout of the project, as the user names it. Pure. */

import { TeleportError } from '../errors.ts'
import { showOutside } from './outside-text.ts'

export type Target = SshTarget | ContainerTarget | FolderTarget

export interface SshTarget {
  readonly kind: 'ssh'
  readonly user: string | null
  /** As ssh takes it: an IPv6 address without brackets. */
  readonly host: string
  readonly port: number | null
  /** Absolute, or below the home folder there. */
  readonly path: string
}

export interface ContainerTarget {
  readonly kind: 'container'
  readonly engine: 'docker' | 'podman'
  readonly user: string | null
  readonly name: string
  /** Absolute. */
  readonly path: string
}

/** A checkout or work tree on this machine. */
export interface FolderTarget {
  readonly kind: 'folder'
  /** As the user wrote it. */
  readonly path: string
}

/** What a program takes for an option begins with a dash; a control character means something to no program. */
const user = /^[A-Za-z0-9_][A-Za-z0-9_.+@-]{0,99}$/
const hostName = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})$/
const ipv6 = /^[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,30})?$/
const containerName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/

/**
 * `ssh://[user@]host[:port]/path` (`/~/path`: below the home folder), `docker://[user@]name/path`, `podman://…`, `host:path`
 * as scp has it, or a folder. A path of this machine that exists is that, whatever it looks like: `isHere` tells. Throws
 * `usage` for anything else, and for what some program on the way could take for an option.
 */
export function parseTarget(text: string, isHere: (path: string) => boolean): Target {
  if (/\p{Cc}|[\u2028\u2029]/u.test(text) || text === '' || text.length > 4096)
    throw notATarget(text, 'it is empty, too long, or holds a control character')
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? []
  switch (scheme.toLowerCase()) {
    case 'ssh':
      return sshTarget(text, rest)
    case 'docker':
      return containerTarget(text, 'docker', rest)
    case 'podman':
      return containerTarget(text, 'podman', rest)
    case '':
      return plainTarget(text, isHere)
    default:
      throw notATarget(text, `there is no way to ${showOutside(scheme, 20)}://`)
  }
}

function sshTarget(text: string, rest: string): SshTarget {
  const match = /^(?:([^@/]*)@)?(\[[^\]]*\]|[^:/]*)(?::(\d{1,5}))?(\/.*)?$/.exec(rest)
  const [, name, host = '', port, path = ''] = match ?? []
  if (!match) throw notATarget(text, 'after ssh:// comes [user@]host[:port]/path')
  return {
    kind: 'ssh',
    user: name === undefined ? null : checkedUser(text, name),
    host: checkedHost(text, host),
    port: port === undefined ? null : checkedPort(text, port),
    path: checkedPath(text, path.startsWith('/~/') ? path.slice(3) : path),
  }
}

function containerTarget(text: string, engine: 'docker' | 'podman', rest: string): ContainerTarget {
  const [, name, container = '', path = ''] = /^(?:([^@/]*)@)?([^/]*)(\/.*)?$/.exec(rest) ?? []
  if (!containerName.test(container)) throw notATarget(text, 'that is no name of a container')
  return {
    kind: 'container',
    engine,
    user: name === undefined ? null : checkedUser(text, name),
    name: container,
    path: checkedPath(text, path),
  }
}

function plainTarget(text: string, isHere: (path: string) => boolean): Target {
  if (isHere(text)) return { kind: 'folder', path: text }
  const [, name, host, path] = /^(?:([^@:/]*)@)?([^:/]+|\[[^\]]*\]):(.*)$/.exec(text) ?? []
  // One letter is a drive.
  if (host === undefined || path === undefined || host.length === 1 || path.startsWith(':')) {
    throw notATarget(text, 'it is no folder here and no address')
  }
  return {
    kind: 'ssh',
    user: name === undefined ? null : checkedUser(text, name),
    host: checkedHost(text, host),
    port: null,
    path: checkedPath(text, path.startsWith('~/') ? path.slice(2) : path),
  }
}

function checkedUser(text: string, name: string): string {
  if (user.test(name)) return name
  throw notATarget(text, 'that is no name of a user')
}

function checkedHost(text: string, host: string): string {
  const address = /^\[(.*)\]$/.exec(host)?.[1]
  if (address !== undefined && ipv6.test(address)) return address
  if (address === undefined && hostName.test(host)) return host.toLowerCase()
  throw notATarget(text, 'that is no name of a host')
}

function checkedPort(text: string, port: string): number {
  const number = Number(port)
  if (number >= 1 && number <= 65_535) return number
  throw notATarget(text, 'a port is a number up to 65535')
}

/** Without `..`, since what a policy says about a path's beginning would mean nothing. */
function checkedPath(text: string, path: string): string {
  if (path === '' || path === '/') throw notATarget(text, 'the folder of the checkout is missing')
  if (path.split('/').includes('..')) throw notATarget(text, 'its path goes up again')
  return path
}

function notATarget(text: string, why: string): TeleportError {
  return new TeleportError('usage', `"${showOutside(text, 100)}" is no place to go to: ${why}`, {
    hint: 'a target is ssh://host/path, docker://name/path or the folder of a checkout',
  })
}

/** How a target is called, in messages and where policies name it. A folder's path must be absolute by then. */
export function targetName(target: Target): string {
  if (target.kind === 'folder') return target.path
  const login = target.user === null ? '' : `${target.user}@`
  if (target.kind === 'container') return `${target.engine}://${login}${target.name}${target.path}`
  return `ssh://${login}${hostAndPort(target)}${target.path.startsWith('/') ? '' : '/~/'}${target.path}`
}

/** The same without the name of the user, which a policy does not look at. */
export function targetPlace(target: Target): string {
  return targetName(target.kind === 'folder' ? target : { ...target, user: null })
}

export function hostAndPort({ host, port }: Pick<SshTarget, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}${port === null ? '' : `:${port}`}`
}
