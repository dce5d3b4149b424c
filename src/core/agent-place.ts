/** Where programs' sessions of a repository lie, and the world of the use cases that work on them there. */

import { agentProject } from '../claude/agent-home.ts'
import { agentStoreName, isStoreFolder, storeFolder } from '../git-store/known-stores.ts'
import type { UserRepo } from '../git-store/user-repo.ts'
import { adoptPin } from './policy-pin.ts'
import { projectToSign } from './project-ids.ts'
import { withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface AgentPlace {
  /** With it every use case works on the programs' sessions, in a store of their own. */
  readonly world: World
  /** Stands for Claude Code's folder. */
  readonly config: string
  readonly top: string
  /** What the repository is called in signatures. */
  readonly projectKey: string
}

/**
 * Makes the store where there is none. A team that was accepted on the command line here is accepted in it, as long as it
 * knows none itself. Throws `no-repository`, `no-remote`, `store-damaged`.
 */
export async function agentPlace(world: World, remote: string | undefined): Promise<AgentPlace> {
  const place = await withWorkspace({ ...world, storeName: agentStoreName }, { remote }, async (ws) => {
    await adoptPin(ws, storeFolder({ commonDir: ws.repo.commonDir }))
    return {
      config: ws.store.path('sessions'),
      top: ws.repo.top,
      projectKey: (await projectToSign(ws)) ?? 'unknown',
    }
  })
  const env = {
    ...world.env,
    CLAUDE_CONFIG_DIR: place.config,
    CLAUDE_CODE_PROJECT_DIR_NAME: agentProject,
    CLAUDE_CODE_SESSION_ID: undefined,
  }
  return { ...place, world: { ...world, env, storeName: agentStoreName } }
}

/** The private store of this repository's programs; undefined when none has had one. */
export async function agentStoreOf(repo: Pick<UserRepo, 'commonDir'>): Promise<string | undefined> {
  const dir = storeFolder({ commonDir: repo.commonDir, storeName: agentStoreName })
  return (await isStoreFolder(dir)) ? dir : undefined
}
