/** What a pull refuses of a remote that somebody else can write: each attack leaves this machine as it was. */

import { readdir } from 'node:fs/promises'
import test from 'ava'
import { encodeManifest, parseManifest } from '../../src/bundle/manifest.ts'
import type { DeviceKey } from '../../src/crypto/device-key.ts'
import { openBytes, sealBytes } from '../../src/crypto/envelope.ts'
import { newIdentity, openIdentity, sealIdentity } from '../../src/crypto/session-identity.ts'
import { sessionRef } from '../../src/git-store/refs.ts'
import type { Manifest, Oid } from '../../src/model.ts'
import { digest, oid as someOid } from '../bundle/support.ts'
import { brotli, tarEnd, tarEntry } from '../bundle/tars.ts'
import { teleported } from '../support/in-process.ts'
import {
  type Forgery,
  forgeCommit,
  forgeTree,
  keyOf,
  readTipBlob,
  remoteGit,
  remoteOid,
  withTip,
} from './forge.ts'
import { type Refusal, refuses, type SharedWorld, session, sharedWorld, sibling } from './shared-world.ts'

const newest = 'segments/0002'
const janFirst = Date.UTC(2026, 0, 1) / 1000
const shared = sharedWorld((work) => test.after.always(work))

interface Attack {
  readonly world: SharedWorld
  /** The key of the laptop, which pushed the session. */
  readonly own: DeviceKey
  readonly stranger: DeviceKey
}

/** Pulls on a machine that never saw the session, while what `make` returns is its tip. */
function refusedAs(
  name: string,
  make: (attack: Attack) => Promise<Oid>,
  wanted: Partial<Refusal> & Omit<Refusal, 'at' | 'argv' | 'exit'>,
): void {
  test.serial(`refuses ${name}`, async (t) => {
    const world = await shared()
    const attack = { world, own: await keyOf(world.laptop), stranger: await keyOf(world.eve) }
    const commit = await make(attack)
    const pull = { at: world.tablet, argv: ['pull', session], exit: 6 } as const
    await withTip(world, session, commit, () => refuses(t, world, { ...pull, ...wanted }))
  })
}

/** A tip that the owner signed. */
const signed =
  (forgery: Omit<Forgery, 'signer'>) =>
  ({ world, own }: Attack) =>
    forgeCommit(world, session, { ...forgery, signer: own })

refusedAs('an unsigned commit', ({ world }) => forgeCommit(world, session, { signer: null }), {
  code: 'bad-signature',
  message: /^commit [0-9a-f]{40} is not signed$/,
  hint: /ask the session’s owner to push again/,
})

refusedAs(
  'a commit signed by a stranger',
  ({ world, stranger }) => forgeCommit(world, session, { signer: stranger }),
  {
    code: 'untrusted-signer',
    message: /is signed by device [a-z2-7]{26}, which is not one of yours, and no team is known here$/,
    hint: /git teleport key trust "ssh-ed25519 [A-Za-z0-9+/=]+"$/,
  },
)

refusedAs(
  'a commit whose signature is of another text',
  async ({ world, own }) => {
    const genuine = await forgeCommit(world, session, { signer: own })
    const text = remoteGit(world, ['cat-file', 'commit', genuine])
      .toString()
      .replace(/^Teleport-Seq: \d+$/m, 'Teleport-Seq: 9')
    return remoteOid(world, ['hash-object', '-t', 'commit', '-w', '--stdin'], Buffer.from(text))
  },
  { code: 'bad-signature', message: /signature/, hint: null },
)

refusedAs(
  'the tip of another session',
  async ({ world }) => remoteOid(world, ['rev-parse', sessionRef(sibling)]),
  {
    code: 'wrong-binding',
    message: new RegExp(
      `^refs/teleport/sessions/${session} holds a commit that was signed for refs/teleport/sessions/${sibling}$`,
    ),
    hint: /tell the session’s owner/,
  },
)

refusedAs(
  'a commit that does not follow the one it was signed to follow',
  signed({ trailers: { previous: someOid('a') } }),
  { code: 'wrong-binding', message: /was signed to follow [0-9a-f]{40}, not [0-9a-f]{40}$/, hint: null },
)

refusedAs("another project's session", signed({ trailers: { repo: 'b'.repeat(40) } }), {
  code: 'wrong-binding',
  message: /belongs to another project \(b{40}\)$/,
  hint: /in a clone of that project$/,
})

refusedAs(
  'an expired session',
  signed({ seconds: janFirst, trailers: { expires: '2026-01-02T03:04:05Z' } }),
  {
    code: 'expired-session',
    message: /expired at 2026-01-02T03:04:05Z$/,
    hint: new RegExp(`git teleport push ${session}$`),
    now: () => new Date('2026-02-01T00:00:00Z'),
  },
)

refusedAs(
  'a push from three days in the future',
  signed({ seconds: Math.floor(Date.now() / 1000) + 3 * 86_400 }),
  {
    code: 'clock-skew',
    message: /was pushed at \d{4}-\d\d-\d\dT\d\d:\d\dZ, which is in the future here$/,
    hint: /date -u/,
  },
)

const format = (number: number) => (text: string) =>
  text.replace('Teleport-Format: 1', `Teleport-Format: ${number}`)

refusedAs('trailers of a newer format', signed({ message: format(2) }), {
  exit: 7,
  code: 'format-too-new',
  message: /^the commit message has format 2, and this program knows 1$/,
  hint: /^npm install --global git-teleport@latest$/,
})

refusedAs('trailers of a format that is no longer read', signed({ message: format(0) }), {
  exit: 7,
  code: 'format-too-old',
  message: /^the commit message has format 0, which is no longer read$/,
  hint: /push it again/,
})

refusedAs(
  'a manifest of a newer format',
  withManifest((manifest) => ({ ...manifest, format: 2 })),
  {
    exit: 7,
    code: 'format-too-new',
    message: /^the manifest has format 2, and this program knows 1$/,
    hint: /git-teleport@latest$/,
  },
)

refusedAs('a segment of a newer format', withSegment(Buffer.from('{"v":2,"pieces":[]}\n')), {
  exit: 7,
  code: 'format-too-new',
  message: /^the table of a segment has format 2/,
  hint: /git-teleport@latest$/,
})

refusedAs(
  'a manifest of another push',
  withManifest((manifest) => ({ ...manifest, seq: 77 })),
  {
    code: 'wrong-binding',
    message: /the manifest of session \S+ belongs to another push$/,
    hint: null,
  },
)

refusedAs(
  'a manifest with readers other than the signed ones',
  withManifest((manifest) => ({ ...manifest, readers: [] })),
  {
    code: 'wrong-binding',
    message: /belongs to another push$/,
    hint: null,
  },
)

refusedAs(
  'a segment that does not match the digest of its manifest',
  ({ world, own }) => forgeWithTree(world, own, { [newest]: flipped(readTipBlob(world, session, newest)) }),
  {
    code: 'damaged-bundle',
    message: /^segment \d{4} is not what its manifest says$/,
    hint: /git teleport push --force/,
  },
)

refusedAs(
  'a key file of random bytes',
  ({ world, own }) => forgeWithTree(world, own, { 'key.age': Buffer.from('not an age file at all') }),
  {
    code: 'damaged-bundle',
    message: /age/,
    hint: null,
  },
)

refusedAs(
  'a manifest of random bytes',
  ({ world, own }) => forgeWithTree(world, own, { 'manifest.age': Buffer.alloc(400, 7) }),
  {
    code: 'damaged-bundle',
    message: /age/,
    hint: null,
  },
)

refusedAs(
  'a session that is encrypted to somebody else',
  async ({ world, own, stranger }) => {
    const { identity } = await newIdentity()
    const sealed = await sealIdentity(identity, [stranger.publicKey.recipient])
    return forgeWithTree(world, own, { 'key.age': sealed })
  },
  {
    exit: 4,
    code: 'not-a-reader',
    message: /^the session is not encrypted to this machine's key$/,
    hint: /git teleport key trust "ssh-ed25519 \S+", then git teleport push/,
  },
)

test.serial(
  'a machine that has seen the newer push refuses an older one, and another one of that number',
  async (t) => {
    const world = await shared()
    const wanted = { at: world.desktop, argv: ['pull', session], exit: 6, code: 'rollback' } as const
    const older = remoteOid(world, ['rev-parse', `${sessionRef(session)}^`])
    await withTip(world, session, older, () =>
      refuses(t, world, {
        ...wanted,
        message: /^the remote shows push 1 of session \S+; this machine has seen 2$/,
        hint: /^git teleport push --force /,
      }),
    )
    const twin = await forgeCommit(world, session, {
      signer: await keyOf(world.laptop),
      trailers: { expires: null },
    })
    await withTip(world, session, twin, () =>
      refuses(t, world, {
        ...wanted,
        message: /^there are two different pushes number 2 of session/,
        hint: /^git teleport pull --force /,
      }),
    )
  },
)

test.serial('after all of that nothing is left of it, and the true tip still comes through', async (t) => {
  const { tablet } = await shared()
  t.deepEqual(await readdir(`${tablet.top}/.git/teleport/installs`).catch(() => []), [])
  const told = await teleported(tablet.machine, ['pull', session, '--json'], { cwd: tablet.top })
  t.like(told.json(), { session, state: 'new', seq: 2 })
})

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const middle = copy.length >> 1
  copy[middle] = (copy[middle] ?? 0) ^ 1
  return copy
}

function forgeWithTree(
  world: SharedWorld,
  signer: DeviceKey,
  replaced: Readonly<Record<string, Uint8Array>>,
): Promise<Oid> {
  return forgeCommit(world, session, { signer, tree: forgeTree(world, session, replaced) })
}

async function openSession({ world, own }: Attack) {
  const { identity, recipient } = await openIdentity(readTipBlob(world, session, 'key.age'), own)
  const manifest = await parseManifest(await openBytes(identity, readTipBlob(world, session, 'manifest.age')))
  return { recipient, manifest }
}

function withManifest(change: (manifest: Manifest) => object): (attack: Attack) => Promise<Oid> {
  return async (attack) => {
    const { recipient, manifest } = await openSession(attack)
    const text = Buffer.from(JSON.stringify(change(manifest)))
    return forgeWithTree(attack.world, attack.own, {
      'manifest.age': await sealBytes(recipient, brotli(text)),
    })
  }
}

/** The newest segment holds nothing but `table`, and the manifest says so truthfully. */
function withSegment(table: Buffer): (attack: Attack) => Promise<Oid> {
  return async (attack) => {
    const { recipient, manifest } = await openSession(attack)
    const tar = Buffer.concat([tarEntry('pieces.json', table), tarEnd])
    const sealed = await sealBytes(recipient, brotli(tar))
    const segments = manifest.segments.map((row) =>
      `segments/${row.name}` === newest
        ? {
            ...row,
            sizes: [sealed.length, tar.length] as const,
            sha256: [digest(sealed), digest(tar)] as const,
          }
        : row,
    )
    const encoded = await encodeManifest({ ...manifest, segments })
    return forgeWithTree(attack.world, attack.own, {
      [newest]: sealed,
      'manifest.age': await sealBytes(recipient, encoded),
    })
  }
}
