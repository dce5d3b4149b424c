/** `git teleport web` */

import { once } from 'node:events'
import { Command, Option } from 'clipanion'
import { type Browsing, openBrowsing } from '../core/browse.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import type { Answers } from '../serve/answers.ts'
import type { Question } from '../serve/question.ts'
import { type Served, serve } from '../serve/serve.ts'
import { type Outcome, remoteOption, TeleportCommand, trustPolicyOption } from './command.ts'
import { openInBrowser } from './open-browser.ts'
import { readPageFiles } from './page-files.ts'

export class WebCommand extends TeleportCommand {
  static override paths = [['web']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Look at sessions in a browser, served by this machine alone',
    details:
      'Serves a page to this machine only, until you press Ctrl-C: sessions by branch and commit, conversations, a commit beside what led to it, and the prompt behind each line of a file. The address works once, in one browser. Everything is decrypted here, nothing is sent anywhere.',
    examples: [
      ['All sessions', 'git teleport web'],
      ['One session', 'git teleport web 3f2a91c4'],
      ['A commit and what led to it', 'git teleport web HEAD~2'],
      ['A line of a file', 'git teleport web src/upload.ts:12'],
    ],
  })

  place = Option.String({ name: 'session', required: false })
  port = Option.String('--port', { description: 'Listen on this port instead of any that is free' })
  noOpen = Option.Boolean('--no-open', false, { description: 'Print the address only' })
  offline = Option.Boolean('--offline', false, { description: 'Read what `fetch` brought' })
  trustPolicy = trustPolicyOption()
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const { io, onDefect } = this.context
    const { remote, offline, trustPolicy } = this
    const port = portNamed(this.port)
    const files = await readPageFiles()
    const browsing = await openBrowsing(world, { remote, offline, trustPolicy })
    try {
      const place = await browsing.placeOf(this.place)
      world.progress.done()
      const served = await serve({
        port,
        ...files,
        answers: answersOf(browsing, onDefect),
        random: io.random,
        ownUid: process.getuid?.(),
      })
      io.endsByInterruption?.()
      this.tell(served, place)
      if (!io.signal.aborted) await once(io.signal, 'abort')
      await served.close()
    } finally {
      await browsing.close()
    }
    return { json: {}, text: '', untilInterrupted: true }
  }

  /** Printed at once: the command ends much later. */
  private tell(served: Served, place: string): void {
    const { io } = this.context
    const url = served.linkTo(place)
    if (this.json) io.stdout.write(`${JSON.stringify({ version: 1, url, port: served.port })}\n`)
    else io.stdout.write(`${url}\n`)
    if (!this.quiet && io.isTerminal.stderr) io.stderr.write('The address works once. Ctrl-C ends it.\n')
    if (!this.noOpen && io.isTerminal.stdout) openInBrowser(io, url)
  }

  protected override async print(): Promise<void> {}
}

function portNamed(text: string | undefined): number {
  if (text === undefined) return 0
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port > 0 && port < 65_536) return port
  throw new TeleportError('usage', `"${text.slice(0, 20)}" is no port`, {
    hint: 'git teleport web --port 8080',
  })
}

function answersOf(browsing: Browsing, onDefect: (error: unknown) => void): Answers {
  return {
    answer: (question, signal) => answer(browsing, question, signal),
    watch: (session, tell, signal) => browsing.watch(session, tell, signal),
    onDefect,
  }
}

function answer(browsing: Browsing, question: Question, signal: AbortSignal): Promise<unknown> {
  switch (question.kind) {
    case 'overview':
      return browsing.overview(question, signal)
    case 'conversation':
      return browsing.conversation(question, signal)
    case 'page':
      return browsing.page(question, question.page, signal)
    case 'find':
      return browsing.find(question, question.words, signal)
    case 'commit':
      return browsing.commit(question.commit, signal)
    case 'history':
      return browsing.history(question.after, signal)
    case 'file':
      return browsing.file(question.file, question.revision, signal)
    case 'files':
      return browsing.files(question.revision, signal)
  }
}
