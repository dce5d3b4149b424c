/** A stand-in for the client, for what the real one does not do when it is told: it obeys the lines of its prompt. */

import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Machine } from './sandbox.ts'

/**
 * Lines: `write <file> <text>`, `sh <command>`, `spawn <command>` beside it, `say <text>`, `raw <line of the stream>`, `wait` until `<home>/go` is there,
 * `deaf` to SIGTERM, `exit <code>`. It keeps a transcript as the client does, and leaves its environment in `<home>/seen.json`.
 */
const source = `#!/usr/bin/env node
const { execSync, spawn } = require('node:child_process')
const { randomUUID } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const args = process.argv.slice(2)
if (args[0] === '--version') {
  console.log('2.1.329 (stand-in)')
  process.exit()
}
const after = (flag) => args[args.indexOf(flag) + 1]
const sessionId = args.includes('--resume') ? after('--resume') : after('--session-id')
const prompt = fs.readFileSync(0, 'utf8')
const home = process.env.HOME
fs.writeFileSync(path.join(home, 'seen.json'), JSON.stringify({ args, env: process.env, prompt }))
const folder = path.join(home, '.claude/projects', process.cwd().replace(/[^A-Za-z0-9]/g, '-'))
fs.mkdirSync(folder, { recursive: true })
let parentUuid = null
const row = (type, content) => {
  const uuid = randomUUID(), timestamp = new Date().toISOString()
  const message = { role: type, id: 'msg_' + uuid, model: 'stand-in', content }
  const common = { type, uuid, parentUuid, sessionId, cwd: process.cwd(), timestamp, version: '2.1.329', message }
  fs.appendFileSync(path.join(folder, sessionId + '.jsonl'), JSON.stringify(common) + '\\n')
  parentUuid = uuid
  return common
}
const stream = (value) => fs.writeSync(1, JSON.stringify(value) + '\\n')
const text = (said) => stream(row('assistant', [{ type: 'text', text: said }]))
stream({ type: 'system', subtype: 'init', model: 'stand-in', permissionMode: after('--permission-mode') })
row('user', prompt)
const obey = async () => {
  for (const line of prompt.split('\\n')) {
    const [verb, ...words] = line.split(' ')
    const rest = words.join(' ')
    if (verb === 'write') fs.writeFileSync(words[0], words.slice(1).join(' ') + '\\n')
    if (verb === 'sh') execSync(rest, { stdio: 'ignore' })
    if (verb === 'spawn') spawn('sh', ['-c', rest], { detached: true, stdio: 'ignore' })
    if (verb === 'say') text(rest)
    if (verb === 'raw') fs.writeSync(1, rest + '\\n')
    if (verb === 'deaf') process.on('SIGTERM', () => {})
    if (verb === 'exit') { fs.writeSync(2, 'it went wrong\\n'); process.exit(Number(rest)) }
    if (verb === 'wait') {
      stream({ type: 'assistant', message: { id: 'w', content: [{ type: 'tool_use', id: 't', name: 'Wait', input: {} }] } })
      while (!fs.existsSync(path.join(home, 'go'))) await new Promise((done) => setTimeout(done, 30))
    }
  }
  text('obeyed')
  stream({ type: 'result', subtype: 'success', is_error: false, num_turns: 1, total_cost_usd: 0.01 })
}
obey()
`

/** Returns the path of the program. */
export async function makeStandInClient(machine: Machine): Promise<string> {
  const file = path.join(machine.folder, 'stand-in', 'claude')
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, source)
  await chmod(file, 0o755)
  return file
}
