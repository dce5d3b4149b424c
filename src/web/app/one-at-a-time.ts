/** Work that is wanted again and again, and takes longer than it stays still. Pure. */

/**
 * Each call wants `work` done. While it is being done nothing else begins: it is done once more afterwards, however often
 * it was wanted meanwhile, and never after `signal` is aborted. `work` must not fail.
 */
export function oneAtATime(work: () => Promise<void>, signal: AbortSignal): () => void {
  let isWanted = false
  let isAtWork = false
  const go = async () => {
    isAtWork = true
    while (isWanted && !signal.aborted) {
      isWanted = false
      await work()
    }
    isAtWork = false
  }
  return () => {
    isWanted = true
    if (!isAtWork) void go()
  }
}
