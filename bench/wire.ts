/** A way to the remote that keeps what the client sends: stands where git would start ssh. */

import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Lab, Site } from './lab.ts'

export interface Wire {
  /** Bytes of the pack that the last push sent. */
  packBytes(): Promise<number>
}

/** Points the site's `origin` at the same remote through a recording. */
export async function recordedWire({ sandbox, remote }: Lab, site: Site): Promise<Wire> {
  const script = path.join(sandbox.folder, 'recording-ssh')
  const sent = path.join(sandbox.folder, 'sent')
  // git calls it as `<script> <host> <command>`; only pushes are recorded.
  const lines = [
    '#!/bin/bash',
    'for last; do :; done',
    `case $last in git-receive-pack*) exec bash -c "tee '${sent}' | $last" ;; *) exec bash -c "$last" ;; esac`,
  ]
  await writeFile(script, `${lines.join('\n')}\n`, { mode: 0o755 })
  await site.machine.git(site.top, 'config', 'core.sshCommand', script)
  await site.machine.git(site.top, 'config', 'ssh.variant', 'simple')
  await site.machine.git(site.top, 'remote', 'set-url', 'origin', `ssh://recorded${remote}`)
  return {
    async packBytes() {
      const bytes = await readFile(sent)
      const start = bytes.indexOf('0000PACK')
      if (start < 0) throw new Error('the recording of a push holds no pack')
      return bytes.length - start - '0000'.length
    },
  }
}
