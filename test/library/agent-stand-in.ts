/** Stands in for the client in a job: writes a session of that id for the current folder, with a secret in its prompt. */

import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { projectDirName } from '../../src/claude/project-dir.ts'

const at = (option: string) => process.argv[process.argv.indexOf(option) + 1] ?? ''
const cwd = process.cwd()
const folder = path.join(process.env['HOME'] ?? '', '.claude/projects', projectDirName(cwd))
const sessionId = at('--session-id')
const secret = `ghp_${'aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5'}`
const content = `${at('-p')} with ${secret} \`<img src=x>\` @everyone`
const row = {
  type: 'user',
  uuid: sessionId,
  parentUuid: null,
  sessionId,
  cwd,
  message: { role: 'user', content },
}
await mkdir(folder, { recursive: true })
await writeFile(path.join(folder, `${sessionId}.jsonl`), `${JSON.stringify(row)}\n`)
