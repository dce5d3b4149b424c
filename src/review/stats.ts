/** What a conversation came to: turns, tools, tokens, cost, files, time. Pure. */

import type { Conversed } from './conversation.ts'
import type { Block, Usage } from './row.ts'
import { isAsked } from './words.ts'

export interface ToolCount {
  readonly tool: string
  readonly calls: number
  readonly failed: number
}

export interface FileCount {
  readonly path: string
  readonly reads: number
  /** Edits and whole new contents. */
  readonly writes: number
  /** Lines, as far as the rows tell. */
  readonly added: number
  readonly removed: number
}

export interface Stats {
  /** What was asked. */
  readonly turns: number
  readonly answers: number
  readonly subagents: number
  /** Most used first. */
  readonly tools: readonly ToolCount[]
  readonly models: readonly string[]
  readonly tokens: Usage
  /** Dollars, as the client counted them; null where it did not say. */
  readonly costUsd: number | null
  /** Times of the first and the last row; empty where no row has one. */
  readonly began: string
  readonly ended: string
  readonly durationSeconds: number
  /** In the order in which they were touched first. */
  readonly files: readonly FileCount[]
}

export interface StatsTaker {
  /** Every row of the range, those too that are no conversation. */
  onRecord(record: Readonly<Record<string, unknown>>): void
  add(conversed: Conversed): void
  result(): Stats
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** A hostile transcript can name any number of tools, models and files. */
const mostNames = 10_000
const mostOpenCalls = 500

/** @param roots what paths of files are shortened by */
export function takeStats(roots: readonly string[]): StatsTaker {
  const tools = new Map<string, Mutable<ToolCount>>()
  const files = new Map<string, Mutable<FileCount>>()
  const models = new Set<string>()
  const tokens: Mutable<Usage> = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
  const open = new Map<string, { readonly tool: string; readonly path: string | undefined }>()
  let counts = { turns: 0, answers: 0, subagents: 0 }
  let costUsd: number | null = null
  let [began, ended] = ['', '']
  let last: { readonly id: string; readonly usage: Usage } | undefined
  const addUsage = (usage: Usage, sign: 1 | -1) => {
    for (const key of ['input', 'output', 'cacheRead', 'cacheWrite'] as const)
      tokens[key] += sign * usage[key]
  }
  const entry = <Value>(map: Map<string, Value>, key: string, make: () => Value): Value | undefined => {
    const known = map.get(key)
    if (known || map.size >= mostNames) return known
    const made = make()
    map.set(key, made)
    return made
  }
  const toolOf = (tool: string) => entry(tools, tool, () => ({ tool, calls: 0, failed: 0 }))
  const fileOf = (path: string) =>
    entry(files, path, () => ({ path: shortened(path, roots), reads: 0, writes: 0, added: 0, removed: 0 }))

  const addCall = ({ id, tool, input }: Block & { kind: 'call' }) => {
    const counted = toolOf(tool)
    if (counted) counted.calls += 1
    const path = pathOf(input)
    const file = path === undefined || !isFileTool(tool) ? undefined : fileOf(path)
    if (file) file[tool === 'Read' ? 'reads' : 'writes'] += 1
    open.set(id, { tool, path: file ? path : undefined })
    const [oldest] = open.keys()
    if (open.size > mostOpenCalls && oldest !== undefined) open.delete(oldest)
  }
  const addResult = ({ id, failed }: Block & { kind: 'result' }, patch: readonly string[]) => {
    const call = open.get(id)
    open.delete(id)
    const counted = call && failed ? tools.get(call.tool) : undefined
    if (counted) counted.failed += 1
    const file = call?.path === undefined ? undefined : files.get(call.path)
    if (!file) return
    file.added += patch.filter((line) => line.startsWith('+')).length
    file.removed += patch.filter((line) => line.startsWith('-')).length
  }
  return {
    onRecord(record) {
      const { timestamp, type } = record
      const cost = type === 'cost-state' ? record['totalCostUSD'] : undefined
      if (typeof cost === 'number' && Number.isFinite(cost)) costUsd = cost
      if (typeof timestamp !== 'string' || Number.isNaN(Date.parse(timestamp))) return
      if (began === '' || Date.parse(timestamp) < Date.parse(began)) began = timestamp
      if (ended === '' || Date.parse(timestamp) > Date.parse(ended)) ended = timestamp
    },
    add({ row, depth }) {
      if (typeof row !== 'object') return
      if (isAsked(row) && depth === 0) counts = { ...counts, turns: counts.turns + 1 }
      if (row.kind === 'answer') {
        // Each block of an answer is a row of its own, and all of them repeat what the answer cost so far.
        if (last?.id !== row.answerId || row.answerId === '') {
          if (depth === 0) counts = { ...counts, answers: counts.answers + 1 }
        } else addUsage(last.usage, -1)
        if (row.usage) addUsage(row.usage, 1)
        last = row.usage ? { id: row.answerId, usage: row.usage } : undefined
        if (row.model !== '' && models.size < 100) models.add(row.model)
      }
      const first = row.blocks.find(({ kind }) => kind === 'result')
      for (const block of row.blocks) {
        if (block.kind === 'call') addCall(block)
        if (block.kind === 'call' && (block.tool === 'Agent' || block.tool === 'Task'))
          counts = { ...counts, subagents: counts.subagents + 1 }
        if (block.kind === 'result') addResult(block, block === first ? row.patch : [])
      }
    },
    result: () => ({
      ...counts,
      tools: [...tools.values()].sort((a, b) => b.calls - a.calls),
      models: [...models],
      tokens,
      costUsd,
      began,
      ended,
      durationSeconds: began === '' ? 0 : Math.round((Date.parse(ended) - Date.parse(began)) / 1000),
      files: [...files.values()],
    }),
  }
}

const fileTools = new Set(['Read', 'Edit', 'MultiEdit', 'Write', 'NotebookEdit'])

export function isFileTool(tool: string): boolean {
  return fileTools.has(tool)
}

/** The file that a call names. */
export function pathOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined
  const entries = new Map<string, unknown>(Object.entries(input))
  const path = entries.get('file_path') ?? entries.get('notebook_path')
  return typeof path === 'string' && path !== '' ? path.slice(0, 4096) : undefined
}

/** Relative to the first of these folders that it lies below. */
export function shortened(path: string, roots: readonly string[]): string {
  for (const root of roots) {
    const rest = root !== '' && path.startsWith(root) ? path.slice(root.length) : ''
    if (/^[\\/]./.test(rest)) return rest.slice(1)
  }
  return path
}
