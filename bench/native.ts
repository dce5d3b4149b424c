/** The bare pipeline that the program is held against: tar, brotli, age and git, with the settings of our store. */

import { readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Took, timed } from './clock.ts'
import type { Lab, Site } from './lab.ts'

export interface NativePipeline {
  /** Packs, encrypts, stores and pushes a session. */
  push(): Promise<Took>
  /** Fetches, decrypts and unpacks it into an empty folder. */
  pull(): Promise<Took>
}

const settings =
  '-c core.bigFileThreshold=1m -c core.compression=0 -c core.looseCompression=0 -c pack.compression=0 -c gc.auto=0'

const pushScript = `set -euo pipefail
git init --quiet --bare "$STORE"
export GIT_DIR=$STORE
store() { git ${settings} hash-object -w --stdin; }
export -f store
parts=$(tar --create --directory "$CONFIG" --file - --files-from "$LIST" | brotli --quality=5 --lgwin=24 --stdout |
  age --recipient "$RECIPIENT" | SHELL=/bin/bash split --bytes=33554432 --filter=store)
tree=$(n=0; for oid in $parts; do printf '100644 blob %s\\t%04d\\n' "$oid" $((n++)); done | git mktree)
commit=$(git commit-tree -m session "$tree")
git ${settings} push --quiet "$REMOTE" "+$commit:refs/native/session"
`

const pullScript = `set -euo pipefail
git init --quiet --bare "$STORE"
export GIT_DIR=$STORE
git ${settings} -c fetch.fsckObjects=true -c fetch.unpackLimit=1 fetch --quiet "$REMOTE" +refs/native/session:refs/native/session
mkdir -p "$OUT"
git ls-tree refs/native/session | while read -r _ _ oid _; do git cat-file blob "$oid"; done |
  age --decrypt --identity "$IDENTITY" | brotli --decompress --stdout | tar --extract --directory "$OUT" --file -
`

/** Has an age key of its own below the sandbox. */
export async function nativePipeline(lab: Lab): Promise<NativePipeline> {
  const folder = path.join(lab.sandbox.folder, 'native')
  const { laptop, desktop, remote } = lab
  const identity = path.join(lab.sandbox.folder, 'age-key')
  const list = path.join(lab.sandbox.folder, 'age-list')
  await laptop.machine.run('age-keygen', ['-o', identity])
  const recipient = (await laptop.machine.run('age-keygen', ['-y', identity])).stdout.trim()
  const round = async (site: Site, script: string, env: Record<string, string>) => {
    await rm(folder, { recursive: true, force: true })
    return timed('bash', ['-c', script], {
      cwd: site.top,
      env: { ...site.machine.env, STORE: path.join(folder, 'store'), REMOTE: remote, ...env },
    })
  }
  return {
    async push() {
      await writeFile(list, (await filesBelow(laptop.machine.config)).join('\n'))
      const ready = { CONFIG: laptop.machine.config, LIST: list, RECIPIENT: recipient }
      return round(laptop, pushScript, ready)
    },
    pull: () => round(desktop, pullScript, { IDENTITY: identity, OUT: path.join(folder, 'out') }),
  }
}

/** Relative paths of all files. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()
}
