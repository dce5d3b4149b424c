/** The state record that holds after a pull. */

import { parseScan } from '../claude/scan.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import type { FileRecord, SessionState } from '../model.ts'
import { describeOrigin, lastOrigin, type Place, relocationTo } from './place.ts'
import type { TrustedTip } from './trusted-tip.ts'
import type { Workspace } from './workspace.ts'

export interface Restored {
  readonly files: Readonly<Record<string, FileRecord>>
  readonly links: SessionState['links']
  readonly previous: SessionState | null
}

export async function stateAfterPull(
  ws: Workspace,
  device: DeviceKey,
  tip: TrustedTip,
  place: Place,
  restored: Restored,
): Promise<SessionState> {
  const { platform, home, config, root, projectDir } = place.here
  const origin = lastOrigin(tip.manifest)
  const cwd = origin ? relocationTo(place, origin).path(origin.cwd) : root
  return {
    format: 1,
    session: tip.session,
    url: ws.remote.url,
    commit: tip.commit,
    seq: tip.trailers.seq,
    signedText: tip.signedText,
    recipient: tip.recipient,
    audience: tip.manifest.readers,
    redacted: tip.manifest.redacted,
    origin: await describeOrigin(ws, device, { platform, home, config, root, cwd, projectDir }),
    tier: tip.tier,
    expires: tip.trailers.expires,
    expiresFixed: tip.manifest.expiresFixed ?? false,
    manifest: tip.manifest,
    entry: null,
    files: restored.files,
    deep: place.deep,
    links: restored.links,
    scan: stillValidScan(restored),
  }
}

/** A scan that went past what was kept of the transcript counts for nothing. */
function stillValidScan(restored: Restored): unknown {
  const scan = parseScan(restored.previous?.scan)
  const before = restored.previous?.files['session.jsonl']?.localSize ?? 0
  return scan && scan.scannedTo <= before ? scan : null
}
