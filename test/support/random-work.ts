/** Random work in a checkout: files of every kind and name, changed, staged, moved, committed. */

import { appendFile, chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import fc from 'fast-check'
import type { Machine } from './sandbox.ts'

export interface Seat {
  readonly machine: Machine
  readonly top: string
}

const folders = ['', 'a/', 'a/b/', 'new folder/', 'ü/']
const stems = [
  'x',
  '-dash',
  'two words',
  '"quoted"',
  'line\nbreak',
  '💡',
  'tab\there',
  'x.txt',
  '*',
  '\\back',
]
const name = fc
  .tuple(fc.constantFrom(...folders), fc.constantFrom(...stems))
  .map(([folder, stem]) => `${folder}${stem}`)
const content = fc.oneof(
  fc.constantFrom('', 'text\n', 'text\r\n', 'a\nb\nc\n', '$Id$\n').map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
)
/** One thing that somebody does in a work tree. */
export const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('write' as const), name, content }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('append' as const), name, content }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('link' as const), name, to: name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('program' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('move' as const), name, to: name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('stage' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('intend' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unstage' as const), name }) },
  { weight: 1, arbitrary: fc.constant({ do: 'commit' as const }) },
)

/** What cannot be done, such as a file in a file or adding what is not there, is not done. */
export async function take(
  { machine, top }: Seat,
  what: typeof step extends fc.Arbitrary<infer T> ? T : never,
) {
  const env = { GIT_LITERAL_PATHSPECS: '1' }
  const git = (...args: string[]) => machine.run('git', args, { cwd: top, env })
  if (what.do === 'commit') return git('commit', '--quiet', '--allow-empty', '--message', 'more')
  const file = path.join(top, what.name)
  const parents = () => mkdir(path.dirname(file), { recursive: true })
  switch (what.do) {
    case 'write':
      return parents().then(() => writeFile(file, what.content))
    case 'append':
      return appendFile(file, what.content)
    case 'link':
      return parents().then(() => symlink(what.to, file))
    case 'program':
      return chmod(file, 0o755)
    case 'move':
      return rename(file, path.join(top, what.to))
    case 'delete':
      return rm(file, { recursive: true })
    case 'stage':
      return git('add', '--all', '--', what.name)
    case 'intend':
      return git('add', '--intent-to-add', '--', what.name)
    case 'unstage':
      return git('rm', '--quiet', '--cached', '-r', '--', what.name)
  }
}
