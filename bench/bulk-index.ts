/** Puts thousands of sessions into a device's index at once, by the code that puts one there. */

import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { deflateSync } from 'node:zlib'
import { loadDevice, ownRecipients } from '../src/core/device.ts'
import { acceptIndex, changeIndex } from '../src/core/device-index.ts'
import { type Workspace, withLockedWorkspace } from '../src/core/workspace.ts'
import { formatTime, type World } from '../src/core/world.ts'
import { author } from '../src/core/write-commit.ts'
import type { ObjectCodec, TreeEntry } from '../src/git-store/object-codec.ts'
import { encodeTree } from '../src/git-store/tree-object.ts'
import { type IndexEntry, isOid, type Oid, parseSessionId, silentProgress } from '../src/model.ts'
import type { Site } from './lab.ts'

/** Pushes the index of `site`'s device with `count` invented sessions more. */
export async function fillIndex(site: Site, count: number): Promise<void> {
  const world = worldOf(site)
  await withLockedWorkspace(world, {}, async (opened) => {
    const device = await loadDevice(world)
    const readers = await ownRecipients(world, device)
    const ws = { ...opened, store: { ...opened.store, objects: unsynced(opened) } }
    const entries = Array.from({ length: count }, (_, number) => inventedEntry(number))
    const repo = opened.repo.head ?? 'unknown'
    const change = { entries, readers, repo, policy: null, action: 'push' }
    const update = await changeIndex(ws, device, await author(ws), change)
    const outcome = await opened.store.refs.push([update])
    if (outcome.kind !== 'done') throw new Error('somebody else writes the index of the bench')
    await acceptIndex(ws, update)
  })
}

function inventedEntry(number: number): IndexEntry {
  const hex = (what: string) => createHash('sha1').update(`${what} ${number}`).digest('hex')
  const id = hex('session')
  const commits = ['a', 'b', 'c'].map(hex).filter(isOid)
  return {
    format: 1,
    session: parseSessionId(
      `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-a${id.slice(17, 20)}-${id.slice(20, 32)}`,
    ),
    state: 'live',
    commit: commits[0] ?? null,
    seq: 1 + (number % 40),
    title: `Make the ${hex('word').slice(0, 9)} of the ${hex('thing').slice(0, 12)} work again`,
    author: 'laptop@example.org',
    host: 'laptop',
    branch: `topic/${hex('branch').slice(0, 8)}`,
    messages: 10 + (number % 700),
    bytes: 20_000 + number * 317,
    updated: formatTime(new Date(Date.UTC(2026, 10, 1) + number * 60_000)),
    expires: null,
    holder: null,
    commits,
  }
}

/** Objects as git stores them, but not synced one by one: twenty thousand of them are written. */
function unsynced(ws: Workspace): ObjectCodec {
  const { objects } = ws.store
  const trees = new Map<Oid, readonly TreeEntry[]>()
  const write = async (type: string, content: Uint8Array): Promise<Oid> => {
    const raw = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])
    const oid = createHash('sha1').update(raw).digest('hex')
    const file = ws.store.path('objects', oid.slice(0, 2), oid.slice(2))
    await mkdir(path.dirname(file), { recursive: true })
    const known = await access(file, constants.F_OK).then(
      () => true,
      () => false,
    )
    if (!known) await writeFile(file, deflateSync(raw, { level: 1 }))
    if (isOid(oid)) return oid
    throw new Error('a digest is no object id')
  }
  return {
    ...objects,
    writeBlob: (content) => write('blob', content),
    async writeTree(entries) {
      const oid = await write('tree', encodeTree(entries))
      trees.set(oid, entries)
      return oid
    },
    readTree: async (oid) => trees.get(oid) ?? objects.readTree(oid),
  }
}

function worldOf({ machine, top }: Site): World {
  return {
    env: machine.env,
    cwd: top,
    home: machine.home,
    platform: process.platform,
    hostname: machine.name,
    now: () => new Date(),
    uuid: () => '00000000-0000-4000-8000-000000000000',
    progress: silentProgress,
    note() {},
    confirm: async () => true,
    choose: async () => undefined,
    askPassphrase: async () => '',
    background: false,
    attended: false,
    show() {},
    system: { policyFile: '/nonexistent', policyOwner: null, isPublicHost: () => false },
    signal: new AbortController().signal,
  }
}
