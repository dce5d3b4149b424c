// Pushes the session of a job and writes a Markdown summary to stdout: node post-session.mjs <session id>

import { createWorld, pushSession, summariseSession, TeleportError } from 'git-teleport'

const { env, platform } = process
const world = createWorld({
  cwd: process.cwd(),
  env,
  platform,
  onNote: (note) => console.error(note),
  // The job is set up by somebody who may answer for it: the first push to the team asks.
  confirm: async (question) => {
    console.error(`${question} yes`)
    return true
  },
})
const [session] = process.argv.slice(2)
const to = env.TELEPORT_TO?.split(',')
try {
  await pushSession(world, { session, to, trustPolicy: env.TELEPORT_POLICY || undefined })
  const { markdown } = await summariseSession(world, { session })
  process.stdout.write(markdown)
} catch (error) {
  if (!(error instanceof TeleportError)) throw error
  console.error(`${error.code}: ${error.message}\n${error.hint ?? ''}`)
  process.exitCode = error.exitCode
}
