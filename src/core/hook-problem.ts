/** What went wrong in the background, kept until a person has seen it. */

import { parseProblem } from '../bundle/worker-state.ts'
import { readProblem, writeProblem } from '../git-store/worker-files.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'

export async function keepProblem(
  ws: Workspace,
  { message, hint }: { readonly message: string; readonly hint?: string | undefined },
): Promise<void> {
  const time = formatTime(ws.world.now())
  await writeProblem(ws.store, { time, message: message.slice(0, 8000), hint: hint?.slice(0, 8000) ?? null })
}

/** Tells it once. */
export async function tellProblem(ws: Workspace): Promise<void> {
  const value = await readProblem(ws.store)
  if (value === undefined) return
  const problem = parseProblem(value)
  if (problem) {
    const hint = problem.hint === null ? '' : `; try: ${problem.hint}`
    ws.world.note(`sending in the background failed at ${problem.time}: ${problem.message}${hint}`)
  }
  await writeProblem(ws.store, null)
}
