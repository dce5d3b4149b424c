/** Turns work that hands things out, one after the other, into a sequence that is read as slowly as one likes. Pure. */

/**
 * What `work` gives, in order; it goes on when the next is asked for. Throws what `work` throws, behind what it gave
 * before. When the reader stops early, `give` throws within `work`, and its end is waited for.
 */
export async function* handed<T>(
  work: (give: (item: T) => Promise<void>) => Promise<void>,
): AsyncGenerator<T, void, undefined> {
  const stopped = new Error('nobody reads on')
  let told = deferred<{ readonly item: T } | null>()
  let wanted = deferred<void>()
  const give = async (item: T) => {
    told.resolve({ item })
    await wanted.promise
  }
  const done = work(give).then(
    () => told.resolve(null),
    (error: unknown) => told.reject(error),
  )
  try {
    for (;;) {
      const next = await told.promise
      if (next === null) return
      yield next.item
      const waiting = wanted
      told = deferred()
      wanted = deferred()
      waiting.resolve()
    }
  } finally {
    wanted.reject(stopped)
    await done
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  // It may come to its end while nobody looks.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
