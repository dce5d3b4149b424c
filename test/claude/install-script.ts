/** One installation into a home folder, told where to die. The kill tests run this as a program of its own. */

import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { claudeHome } from '../../src/claude/home.ts'
import { beginInstall, undoInstall } from '../../src/claude/install.ts'
import { parseSessionId } from '../../src/model.ts'

export const installedSession = parseSessionId('3f2a91c4-5b6d-4e7f-8a90-b1c2d3e4f506')
export const now = new Date('2026-11-20T12:00:00.000Z')

async function* text(content: string) {
  yield Buffer.from(content)
}

/** Replaces the transcript, adds a result and a plan, removes a copy elsewhere, appends a prompt. */
export async function installSample(home: string, onStep: (step: string) => void) {
  const claude = claudeHome({}, home, 'linux')
  const at = (...steps: string[]) => path.join(claude.config, ...steps)
  const project = at('projects/-work-app')
  const transcript = path.join(project, `${installedSession}.jsonl`)
  const install = await beginInstall(claude, path.join(home, 'store'), {
    session: installedSession,
    now,
    onStep,
  })
  await install.stage(transcript, text('new end\n'), { keepFrom: { path: transcript, size: 10 } })
  await install.stage(path.join(project, installedSession, 'tool-results/x.txt'), text('result'))
  await install.stage(at('plans/quiet-otter.md'), text('new plan'), { ifAbsent: true })
  install.remove(at('projects/-copy', `${installedSession}.jsonl`))
  await install.appendHistory(
    text(
      `{"display":"known","timestamp":1,"sessionId":"${installedSession}"}\n` +
        `{"display":"new","timestamp":2,"sessionId":"${installedSession}"}\n` +
        '{"display":"of another","timestamp":3,"sessionId":"other"}\n',
    ),
  )
  return install.commit()
}

if (process.argv[2] === 'run') {
  const [home = '', doing = '', fatal = ''] = process.argv.slice(3)
  const steps: string[] = []
  const onStep = (step: string) => {
    steps.push(step)
    if (step === fatal) process.kill(process.pid, 'SIGKILL')
  }
  if (doing === 'install') await installSample(home, onStep)
  else
    await undoInstall(claudeHome({}, home, 'linux'), path.join(home, 'store'), { force: false, now, onStep })
  writeFileSync(path.join(home, 'steps.json'), JSON.stringify(steps))
}

/** All files of the client's folder and their content. */
export function contents(folder: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]))
}
