/** Patch-ids and bare patches of the project's commits; what was computed once is remembered in the store. */

import type { GitContext } from '../git-store/git.ts'
import { barePatches, type Step } from '../git-store/history.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { patchIds } from '../git-store/patch-ids.ts'
import type { Oid } from '../model.ts'
import { type BarePatch, barePatchReader } from './bare-patch.ts'
import type { Workspace } from './workspace.ts'

export interface PatchCache {
  /** Of commits with one parent or none; null for those that change nothing, and for merges. */
  patchIds(oids: readonly Oid[]): Promise<ReadonlyMap<Oid, string | null>>
  /** Ids of bare patches, by `stepKey`; null where nothing changes. */
  changeIds(steps: readonly Step[]): Promise<ReadonlyMap<string, string | null>>
  save(): Promise<void>
}

export function stepKey({ from, to }: Step): string {
  return `${from ?? ''}..${to}`
}

const mostKept = 50_000

export async function openPatchCache(ws: Workspace, context: GitContext): Promise<PatchCache> {
  const file = ws.store.path('cache', 'patches.json')
  const known = parseKnown(await readCachedJson(file))
  let changed = false
  async function cached<T>(
    things: readonly T[],
    keyOf: (thing: T) => string,
    compute: (missing: readonly T[]) => Promise<ReadonlyMap<string, string>>,
  ): Promise<ReadonlyMap<string, string | null>> {
    const missing = things.filter((thing) => !known.has(keyOf(thing)))
    if (missing.length > 0) {
      const found = await compute(missing)
      for (const thing of missing) known.set(keyOf(thing), found.get(keyOf(thing)) ?? null)
      changed = true
    }
    return new Map(things.map((thing) => [keyOf(thing), known.get(keyOf(thing)) ?? null]))
  }
  return {
    async patchIds(oids) {
      const found = await cached(oids, String, (missing) => patchIds(ws.repo, missing, context))
      return new Map(oids.map((oid) => [oid, found.get(oid) ?? null]))
    },
    changeIds(steps) {
      return cached(steps, stepKey, async (missing) => {
        const keys = new Map<string, string>()
        for (const [step, patch] of await patchesOf(context, missing)) keys.set(stepKey(step), patch.id)
        return keys
      })
    },
    async save() {
      if (changed) await writeJson(file, { format: 1, known: [...known].slice(-mostKept) })
    },
  }
}

/** Each step with its patch; those without changes are left out. Of steps that lead to the same commit one at a time. */
export async function patchesOf(
  context: GitContext,
  steps: readonly Step[],
): Promise<readonly (readonly [Step, BarePatch])[]> {
  const found: [Step, BarePatch][] = []
  // What git prints names only where a step leads, so no two of a run may lead to the same commit.
  let left = steps
  while (left.length > 0) {
    const run = new Map<Oid, Step>()
    const later: Step[] = []
    for (const step of left) {
      if (run.has(step.to)) later.push(step)
      else run.set(step.to, step)
    }
    const reader = barePatchReader((patch) => {
      const step = run.get(patch.to)
      if (step) found.push([step, patch])
    })
    await barePatches(context, [...run.values()], (line) => reader.line(line))
    reader.end()
    left = later
  }
  return found
}

function parseKnown(value: unknown): Map<string, string | null> {
  const rows: unknown = typeof value === 'object' && value !== null && 'known' in value ? value.known : []
  if (!Array.isArray(rows)) return new Map()
  return new Map(
    rows.flatMap((row: unknown): [string, string | null][] => {
      const [key, id]: unknown[] = Array.isArray(row) ? row : []
      return typeof key === 'string' && (typeof id === 'string' || id === null) ? [[key, id]] : []
    }),
  )
}
