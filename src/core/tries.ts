/** What one worker has tried, so that nothing is tried again without a reason, and nothing starves anything else. Pure. */

/** Something to be sent, or looked up. */
export interface Request {
  /** What it is about, such as a session. */
  readonly id: string
  /** Another one each time that it is asked for anew. */
  readonly version: string
  /** It does not wait for its turn. */
  readonly urgent: boolean
  /** A worker, this one or an earlier one, began to send this version. */
  readonly tried: boolean
}

interface Try {
  readonly version: string
  readonly hopeless: boolean
}

/** By what was tried; the one tried last is the last. */
export type Tries = Map<string, Try>

/** @param hopeless a person has to mend something before it can succeed */
export function noteTry(tries: Tries, { id, version }: Request, { hopeless }: { hopeless: boolean }): void {
  tries.delete(id)
  tries.set(id, { version, hopeless })
}

export function isHopeless(tries: Tries, { id, version }: Request): boolean {
  const last = tries.get(id)
  return last !== undefined && last.version === version && last.hopeless
}

/** What is urgent has one try at once, whatever became of the others; then it waits like everything else. */
export function isDueAtOnce(tries: Tries, { id, version, urgent, tried }: Request): boolean {
  return urgent && !tried && tries.get(id)?.version !== version
}

/** What is due at once, else what was not tried for the longest time, by this worker and before it. */
export function chooseNext<R extends Request>(tries: Tries, requests: readonly R[]): R | undefined {
  const order = [...tries.keys()]
  const inTurn = requests.toSorted(
    (a, b) => order.indexOf(a.id) - order.indexOf(b.id) || Number(a.tried) - Number(b.tried),
  )
  return inTurn.find((each) => isDueAtOnce(tries, each)) ?? inTurn[0]
}
