/** An age file under a passphrase that is written piece by piece, of any length; `age -d` opens it. */

export interface PassphraseSeal {
  /** Resolves when more may come. */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when the file's last piece has been handed on. */
  end(): Promise<void>
}

/**
 * base-2 logarithm of scrypt's cost: half of what `age` itself asks for, since a browser takes a second for it, and a telephone
 * has not much more than the 128 MiB that each guess needs.
 */
const workFactor = 17

/** Pieces of the file are at least so long, but for the last. */
const pieceBytes = 512 * 1024

/** `put` gets the file's pieces in order. What it throws, `write` or `end` throws. */
export async function sealStreamWithPassphrase(
  passphrase: string,
  put: (piece: Uint8Array) => Promise<void>,
): Promise<PassphraseSeal> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  encrypter.setPassphrase(passphrase)
  encrypter.setScryptWorkFactor(workFactor)
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const sealed = await encrypter.encrypt(readable)
  const written = pass(sealed, put)
  // Heard where the writer waits for it; until then it is nobody's unhandled rejection.
  written.catch(() => undefined)
  const writer = writable.getWriter()
  const failed = written.then(() => new Promise<never>(() => undefined))
  failed.catch(() => undefined)
  return {
    write: (bytes) => Promise.race([writer.write(bytes), failed]),
    async end() {
      await Promise.race([writer.close(), failed])
      await written
    },
  }
}

async function pass(
  sealed: ReadableStream<Uint8Array>,
  put: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  let held: Uint8Array[] = []
  let size = 0
  const flush = async () => {
    const piece = Buffer.concat(held)
    held = []
    size = 0
    await put(piece)
  }
  for await (const chunk of sealed) {
    held.push(chunk)
    size += chunk.length
    if (size >= pieceBytes) await flush()
  }
  if (size > 0) await flush()
}
