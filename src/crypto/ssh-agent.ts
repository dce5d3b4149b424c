/**
 * Asks an ssh-agent for one signature
 * (https://datatracker.ietf.org/doc/html/draft-miller-ssh-agent). It signs; decrypt it cannot.
 */

import { connect, type Socket } from 'node:net'
import { TeleportError } from '../errors.ts'
import { joinBytes } from './join-bytes.ts'
import type { SshPublicKey } from './ssh-public-key.ts'
import { readWire, wireString, wireU32 } from './ssh-wire.ts'

const message = { identities: 11, identitiesAre: 12, sign: 13, signed: 14 } as const
/** RSA with SHA-512; ed25519 keys have no choice. */
const rsaSha512 = 4
const maxAnswerBytes = 256 * 1024
const maxKeys = 2048
/** An agent may ask a person first. */
const patienceMs = 60_000

/**
 * The signature over `data` as the agent gives it: algorithm and raw signature in SSH's encoding. Null when there is no
 * agent at `socketPath` or it does not hold the key. Throws `failed` when it holds the key and does not sign.
 */
export async function signByAgent(
  socketPath: string,
  key: SshPublicKey,
  data: Uint8Array,
): Promise<Uint8Array | null> {
  const socket = await open(socketPath)
  if (!socket) return null
  try {
    const listed = await ask(socket, Uint8Array.of(message.identities))
    if (!listed || !keysIn(listed).some((blob) => Buffer.compare(blob, key.blob) === 0)) return null
    const request = [
      Uint8Array.of(message.sign),
      wireString(key.blob),
      wireString(data),
      wireU32(key.type === 'ssh-rsa' ? rsaSha512 : 0),
    ]
    const answer = await ask(socket, joinBytes(request))
    if (answer?.[0] !== message.signed) throw refused()
    const wire = readWire(answer.subarray(1), refused)
    const signature = wire.string()
    wire.end()
    return signature
  } finally {
    socket.destroy()
  }
}

function open(socketPath: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(socketPath)
    socket.setTimeout(patienceMs, () => socket.destroy())
    socket.once('error', () => resolve(null))
    socket.once('connect', () => resolve(socket))
  })
}

/** One message and its answer; null when the agent hangs up, or sends what no agent would. */
async function ask(socket: Socket, request: Uint8Array): Promise<Uint8Array | null> {
  const answer = read(socket)
  socket.write(wireString(request))
  return answer
}

function read(socket: Socket): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    let held: Buffer = Buffer.alloc(0)
    const settle = (answer: Uint8Array | null) => {
      socket.off('data', take).off('close', hungUp).off('error', hungUp)
      resolve(answer)
    }
    const hungUp = () => settle(null)
    const take = (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      if (held.length < 4) return
      const size = held.readUInt32BE(0)
      if (size === 0 || size > maxAnswerBytes) settle(null)
      else if (held.length >= 4 + size) settle(held.length === 4 + size ? held.subarray(4) : null)
    }
    socket.on('data', take).on('close', hungUp).on('error', hungUp)
  })
}

/** Binary forms of the keys that the agent offers; none for any other answer. */
function keysIn(answer: Uint8Array): readonly Uint8Array[] {
  if (answer[0] !== message.identitiesAre) return []
  const wire = readWire(answer.subarray(1), refused)
  const count = wire.u32()
  if (count > maxKeys) throw refused()
  return Array.from({ length: count }, () => {
    const blob = wire.string()
    wire.string()
    return blob
  })
}

function refused(): TeleportError {
  return new TeleportError('failed', 'the ssh-agent holds the device key but does not sign with it', {
    hint: 'ssh-add -l',
  })
}
