/** The plans of a session, found by the names that its rows give. */

import type { LocalFile } from '../model.ts'
import { type Gathered, gatherFolder, localFile } from './gather.ts'
import type { ClaudeHome } from './home.ts'
import { isPlainName } from './local-name.ts'
import { foldPath, isInside, pathRules } from './platform-path.ts'
import type { Scan } from './scan.ts'

/**
 * `<slug>.md` and `<slug>-agent-<id>.md` of `<config>/plans`, and plans that rows name elsewhere.
 * Rows may be somebody else's, and what they name is about to be sent: so a plan elsewhere must carry one of the
 * session's own slugs and lie inside the work tree.
 */
export async function collectPlans(claude: ClaudeHome, scan: Scan, top: string): Promise<Gathered> {
  const rules = pathRules(claude.platform)
  const folder = rules.join(claude.config, 'plans')
  const slugs = scan.slugs.filter(isPlainName)
  const gathered = await gatherFolder(claude.platform, folder, (name) =>
    slugs.some((slug) => isPlanOf(name, slug)) ? `plans/${name}` : null,
  )
  const files = new Map(gathered.files.map((file) => [file.name, file]))
  for (const path of scan.planFiles) {
    const name = rules.basename(path)
    const known = files.has(`plans/${name}`) || foldPath(path, claude.platform).startsWith(folder + rules.sep)
    if (known || !slugs.some((slug) => isPlanOf(name, slug))) continue
    if (rules.normalize(path) !== path || !isInside(path, top, claude.platform)) continue
    const plan = await planFile(name, path)
    if (plan) files.set(plan.name, plan)
  }
  return { files: [...files.values()], skipped: gathered.skipped }
}

function isPlanOf(name: string, slug: string): boolean {
  if (!isPlainName(name) || !name.startsWith(slug)) return false
  return /^(?:-agent-[A-Za-z0-9_-]+)?\.md$/.test(name.slice(slug.length))
}

const planFile = (name: string, path: string): Promise<LocalFile | undefined> =>
  localFile(`plans/${name}`, path)
