/** A session store for `@anthropic-ai/claude-agent-sdk` whose backing is a Git remote; see docs/library.md. */

export {
  type AgentRow,
  type AgentStore,
  openAgentStore,
  type StoreKey,
  type StoreOptions,
} from './core/agent-store.ts'
export type { FoldSummary, SessionSummary } from './core/agent-summary.ts'
export { createWorld, type ProgressEvent, type WorldOptions } from './core/create-world.ts'
export type { World } from './core/world.ts'
export { type ErrorCode, hasCode, TeleportError } from './errors.ts'
