/** `config`: shows and sets what the user can choose, in git's own configuration. */

import { TeleportError } from '../errors.ts'
import { setLocalConfig } from '../git-store/user-config.ts'
import { gitConfig, openUserRepo, setGlobalConfig } from '../git-store/user-repo.ts'
import { parseTo } from './audience.ts'
import { defaultWindow, parseAutoMode, parseWindow } from './automation.ts'
import { parseAmpersand } from './background-prompt.ts'
import type { World } from './world.ts'

interface Known {
  readonly about: string
  /** In words, where nothing is set. */
  readonly otherwise: string
  /** Throws `usage` for a value that makes no sense. */
  readonly check: (value: string) => unknown
  /** Read from the user's own configuration only: a repository must not choose it. */
  readonly ownOnly?: true
}

const anyText = (value: string) => value

const known: Readonly<Record<string, Known>> = {
  'teleport.auto': {
    about: 'what a commit sets off where the hooks are installed: off, attach or push',
    otherwise: 'attach',
    check: parseAutoMode,
  },
  'teleport.window': {
    about: 'how long after its last message a session still counts as the maker of a commit in a terminal',
    otherwise: defaultWindow,
    check: parseWindow,
  },
  'teleport.ampersand': {
    about: 'whether `& prompt` in Claude Code starts a background session: on or off',
    otherwise: 'on',
    check: parseAmpersand,
  },
  'teleport.to': {
    about: 'who may read a session from its first push on: me, team, members by name',
    otherwise: 'team where there is one, else me',
    check: (value) => parseTo([value]),
  },
  'teleport.remote': {
    about: 'the remote for sessions',
    otherwise: "the only one, else remote.pushDefault, the branch's, origin",
    check: anyText,
  },
  'teleport.key': {
    about: 'the private key file of this device',
    otherwise: 'the one that init made',
    check: anyText,
    ownOnly: true,
  },
}

export interface Setting {
  readonly key: string
  /** Null: not set. */
  readonly value: string | null
  readonly otherwise: string
  readonly about: string
}

/** All of them, or the one that `wanted` names, with or without `teleport.`. Throws `usage`. */
export async function readSettings(world: World, wanted?: string): Promise<readonly Setting[]> {
  const repo = await openUserRepo(world.cwd, world.env)
  const config = await gitConfig(repo)
  const keys = wanted === undefined ? Object.keys(known) : [fullKey(wanted)]
  return keys.map((key) => ({
    key,
    value: config.get(key)?.at(-1) ?? null,
    otherwise: knownAs(key).otherwise,
    about: knownAs(key).about,
  }))
}

export interface Change {
  readonly key: string
  /** Null removes it. */
  readonly value: string | null
  /** In the user's own configuration instead of the repository's. */
  readonly global: boolean
}

/** Throws `usage`, `git-failed`. */
export async function changeSetting(world: World, change: Change): Promise<Setting> {
  const key = fullKey(change.key)
  const { check, ownOnly } = knownAs(key)
  if (change.value !== null) check(change.value)
  if (ownOnly && !change.global) {
    throw new TeleportError('usage', `${key} is read from your own configuration only`, {
      hint: `git teleport config --global ${key} <value>`,
    })
  }
  if (change.global) await setGlobalConfig(world.env, key, change.value)
  else await setLocalConfig(await openUserRepo(world.cwd, world.env), key, change.value)
  const [setting] = await readSettings(world, key)
  return setting ?? { key, value: change.value, otherwise: '', about: '' }
}

function fullKey(text: string): string {
  const lower = text.toLowerCase()
  const key = lower.startsWith('teleport.') ? lower : `teleport.${lower}`
  if (Object.hasOwn(known, key)) return key
  throw new TeleportError('usage', `there is no setting "${text.slice(0, 40)}"`, {
    hint: 'git teleport config',
  })
}

function knownAs(key: string): Known {
  const found = known[key]
  if (!found) throw new TeleportError('bug', `${key} is not in the list of settings`)
  return found
}
