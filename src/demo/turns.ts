/** One turn of a session: a prompt, rounds of tool calls, an answer; and what happens between turns now and then. Pure. */

import { addSnapshot } from './checkpoints.ts'
import { addSurroundings } from './preamble.ts'
import { programOutput, request, sentences, title } from './prose.ts'
import { seededRandom } from './random.ts'
import {
  addAnswer,
  addAttachment,
  addChained,
  addClientState,
  addPrompt,
  addRequest,
  addRow,
} from './rows.ts'
import { addFile, type Story } from './story.ts'
import { addRound } from './tools.ts'

/** Tells one turn, cut short after the round in which the goal is reached. */
export function addTurn(story: Story): void {
  story.random = seededRandom(`${story.options.seed}/turn/${story.turns}`)
  const first = story.turns === 0
  if (!first) addClientState(story)
  const promptId = story.random.uuid()
  const pasted = story.turns % 9 === 1 ? programOutput(story.random, 1200) : undefined
  const prompt = addPrompt(story, request(story.random), promptId, pasted)
  addSnapshot(story, prompt)
  if (first) addSurroundings(story)
  addSeldom(story)
  const rounds = first ? 5 : story.random.between(1, 6)
  for (let round = 0; round < rounds && story.bytes < story.goal; round++)
    addRound(story, { promptId, prompt })
  addEnding(story)
  story.turns++
}

function addEnding(story: Story): void {
  const text = sentences(story.random, story.random.between(100, 1200) * story.scale)
  addAnswer(story, [{ type: 'text', text }], addRequest(story), true)
  addSystem(story, {
    subtype: 'turn_duration',
    durationMs: story.random.between(900, 90_000),
    messageCount: story.rounds * 2,
  })
}

/** What does not happen in every turn, at fixed turns so that tests can count on it. */
function addSeldom(story: Story): void {
  if (story.turns === 1) addPlan(story)
  if (story.turns === 2) addTitle(story)
  if (story.turns === 3) addPullRequest(story)
  if (story.turns % 12 === 7)
    addSystem(story, { subtype: 'informational', content: sentences(story.random, 90), level: 'notice' })
  if (story.turns % 40 === 39) addCompaction(story)
}

/** Plan mode: from here on every row carries the plan's slug. */
function addPlan(story: Story): void {
  story.slug = `${title(story.random).toLowerCase().replaceAll(' ', '-')}-${story.random.hex(4)}`
  const planFilePath = `${story.options.config}/plans/${story.slug}.md`
  addFile(
    story,
    `plans/${story.slug}.md`,
    `# ${title(story.random)}\n\n${sentences(story.random, 1500 * story.scale)}\n`,
  )
  addAttachment(
    story,
    { type: 'plan_mode', planFilePath, planExists: true, isSubAgent: false },
    `A plan is at ${planFilePath}.`,
  )
}

function addTitle(story: Story): void {
  const sessionId = story.options.session
  const name = title(story.random)
  addRow(story, { type: 'ai-title', aiTitle: name, sessionId })
  addRow(story, { type: 'custom-title', customTitle: name, sessionId })
  addRow(story, { type: 'agent-name', agentName: name, sessionId })
  addSystem(story, {
    subtype: 'local_command',
    content: `<command-name>/rename</command-name>\n${name}`,
    level: 'info',
  })
  story.title = name
}

function addPullRequest(story: Story): void {
  const sessionId = story.options.session
  const link = {
    prNumber: 7,
    prUrl: 'https://git.example.org/team/project/pull/7',
    prRepository: 'team/project',
  }
  addRow(story, { type: 'pr-link', sessionId, ...link, timestamp: new Date(story.timeMs).toISOString() })
  addRow(story, { type: 'tag', tag: 'demo', sessionId })
}

/** The client sums up a long conversation and begins a new chain. */
function addCompaction(story: Story): void {
  const before = story.parent
  story.parent = null
  addSystem(story, {
    subtype: 'compact_boundary',
    content: 'Conversation compacted',
    logicalParentUuid: before,
    compactMetadata: { trigger: 'auto', preTokens: Math.floor(story.bytes / 4) },
  })
  const content = `This session goes on from an earlier conversation:\n${sentences(story.random, 4000 * story.scale)}`
  addChained(story, { type: 'user', message: { role: 'user', content }, isCompactSummary: true })
}

function addSystem(story: Story, fields: Readonly<Record<string, unknown>>): void {
  addChained(story, { type: 'system', ...fields }, { isMeta: false })
}
