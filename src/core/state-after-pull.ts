/** The state record that holds after a pull. */

import { parseScan, type Scan } from '../claude/scan.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import type { FileRecord, SessionState } from '../model.ts'
import { describeOrigin, lastOrigin, type Place, relocationTo } from './place.ts'
import type { TrustedTip } from './trusted-tip.ts'
import type { Workspace } from './workspace.ts'

export interface Restored {
  readonly files: Readonly<Record<string, FileRecord>>
  readonly links: SessionState['links']
  readonly previous: SessionState | null
  /** What was known of the transcript that lay here, when the pull built on it. */
  readonly scan: Scan | null
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
function stillValidScan({ previous, scan }: Restored): unknown {
  const kept = previous?.files['session.jsonl']?.localSize ?? 0
  const older = scan && parseScan(previous?.scan)
  return [scan, older].find((known) => known && known.scannedTo <= kept) ?? null
}
