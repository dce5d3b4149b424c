/** The line that goes on with a session at a target, for a person to paste. Pure. */

import { quoteWord } from '../git-store/shell-words.ts'
import type { Target } from '../git-store/target.ts'
import { shellWord } from './way-back.ts'

export function resumeLine(target: Target, folder: string, argv: readonly string[]): string {
  const command = argv.map(shellWord).join(' ')
  const inFolder = `cd ${shellWord(folder)} && ${command}`
  switch (target.kind) {
    case 'folder':
      return inFolder
    case 'container': {
      const login = target.user === null ? '' : ` --user ${shellWord(target.user)}`
      return `${target.engine} exec -it${login} -w ${shellWord(folder)} ${target.name} ${command}`
    }
    case 'ssh': {
      const port = target.port === null ? '' : ` -p ${target.port}`
      const login = target.user === null ? '' : `${target.user}@`
      return `ssh -t${port} ${shellWord(`${login}${target.host}`)} ${quoteWord(inFolder)}`
    }
  }
}
