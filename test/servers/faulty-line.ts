/** A line to a server that breaks: a TCP relay that cuts or stalls connections after so many bytes. */

import { createServer, connect as dial, type Socket } from 'node:net'

export interface Fault {
  /** `up` is from the client to the server. */
  readonly direction: 'up' | 'down'
  /** Bytes of one connection that still pass. */
  readonly afterBytes: number
  /** `stall`: nothing passes any more, and the connection stays. */
  readonly kind: 'cut' | 'stall'
}

export interface FaultyLine {
  readonly port: number
  /** Null: the line works. Holds for connections made from now on. */
  setFault(fault: Fault | null): void
  /** Resolves when a connection was cut or stalled for the first time from now on. */
  untilFault(): Promise<void>
  close(): Promise<void>
}

export async function startFaultyLine(targetPort: number): Promise<FaultyLine> {
  let fault: Fault | null = null
  let tell = () => {}
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const host = dial(targetPort, '127.0.0.1')
    const ends = [client, host]
    for (const socket of ends) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        for (const end of ends) end.destroy()
      })
    }
    const trip = (kind: Fault['kind']) => {
      if (kind === 'cut') for (const end of ends) end.resetAndDestroy()
      tell()
    }
    relay(client, host, fault?.direction === 'up' ? fault : null, trip)
    relay(host, client, fault?.direction === 'down' ? fault : null, trip)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the line has no port')
  return {
    port: address.port,
    setFault(next) {
      fault = next
    },
    untilFault: () =>
      new Promise((resolve) => {
        tell = resolve
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function relay(from: Socket, to: Socket, fault: Fault | null, trip: (kind: Fault['kind']) => void): void {
  let passed = 0
  let broken = false
  from.on('data', (chunk: Buffer) => {
    if (broken) return
    const rest = fault ? fault.afterBytes - passed : chunk.length
    passed += chunk.length
    to.write(chunk.subarray(0, rest))
    if (!fault || passed <= fault.afterBytes) return
    broken = true
    trip(fault.kind)
  })
  from.on('end', () => {
    if (!broken) to.end()
  })
}
