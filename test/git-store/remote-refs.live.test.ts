/** One suite for a real remote through git and for the double in memory. */

import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { indexRef, patterns, sessionRef } from '../../src/git-store/refs.ts'
import type { RemoteRefs } from '../../src/git-store/remote-refs.ts'
import { isDeviceId, type Oid } from '../../src/model.ts'
import { MemoryRemoteRefs, memoryRemote } from '../support/memory-remote-refs.ts'
import { asOid, sandbox, session, writeCommit } from './sandbox.ts'

interface Machine {
  readonly refs: RemoteRefs
  commit(parent?: Oid): Promise<Oid>
}

/** Machines on one remote, made as they are asked for. */
type Machines = (t: ExecutionContext) => Promise<(name: string) => Promise<Machine>>

async function withGit(t: ExecutionContext): Promise<(name: string) => Promise<Machine>> {
  const box = await sandbox(t)
  const url = await box.bare('remote.git')
  return async (folder) => {
    await box.project(folder, url)
    const store = await box.openProject(folder, url)
    return {
      refs: store.refs,
      commit: (parent) => writeCommit(store, { file: randomBytes(20) }, parent ?? null),
    }
  }
}

async function inMemory(): Promise<(name: string) => Promise<Machine>> {
  const remote = memoryRemote()
  return async () => ({
    refs: new MemoryRemoteRefs(remote),
    commit: async () => asOid(randomBytes(20).toString('hex')),
  })
}

const one = sessionRef(session(1))
const two = sessionRef(session(2))
const device = 'abcdefghijklmnopqrstuvwx27'
const index = isDeviceId(device) ? indexRef(device) : ''
const done = { kind: 'done', bytesSent: null }

const suites: Readonly<Record<string, Machines>> = { git: withGit, memory: inMemory }
for (const [name, machines] of Object.entries(suites)) {
  test(`${name}: nothing is on an empty remote`, async (t) => {
    const laptop = await (await machines(t))('laptop')
    t.is((await laptop.refs.fetch([one, patterns.indexes])).size, 0)
    t.is((await laptop.refs.fetch([])).size, 0)
  })

  test(`${name}: what one machine pushes, the other fetches by name, by prefix and by kind`, async (t) => {
    const machine = await machines(t)
    const [laptop, desktop] = [await machine('laptop'), await machine('desktop')]
    const [a, b, c] = [await laptop.commit(), await laptop.commit(), await laptop.commit()]
    const updates = [
      { ref: one, expected: null, next: a },
      { ref: two, expected: null, next: b },
      { ref: index, expected: null, next: c },
    ]
    t.deepEqual(await laptop.refs.push(updates), done)
    t.deepEqual(await desktop.refs.fetch([one]), new Map([[one, a]]))
    t.deepEqual(await desktop.refs.fetch([patterns.sessions('00000002')]), new Map([[two, b]]))
    t.deepEqual(await desktop.refs.fetch([patterns.indexes]), new Map([[index, c]]))
    const all = await desktop.refs.fetch([patterns.sessions(''), patterns.indexes, one])
    t.is(all.size, 3)
  })

  test(`${name}: a lease on the tip moves it, to a child or to anything else`, async (t) => {
    const machine = await machines(t)
    const [laptop, desktop] = [await machine('laptop'), await machine('desktop')]
    const first = await laptop.commit()
    const child = await laptop.commit(first)
    const reroot = await laptop.commit()
    t.deepEqual(await laptop.refs.push([{ ref: one, expected: null, next: first }]), done)
    t.deepEqual(await laptop.refs.push([{ ref: one, expected: first, next: child }]), done)
    t.deepEqual(await laptop.refs.push([{ ref: one, expected: child, next: reroot }]), done)
    t.deepEqual(await desktop.refs.fetch([one]), new Map([[one, reroot]]))
  })

  test(`${name}: a stale lease on one ref keeps all of them where they are`, async (t) => {
    const machine = await machines(t)
    const [laptop, desktop] = [await machine('laptop'), await machine('desktop')]
    const [a, b, c] = [await laptop.commit(), await desktop.commit(), await desktop.commit()]
    await laptop.refs.push([{ ref: one, expected: null, next: a }])
    const late = [
      { ref: one, expected: null, next: b },
      { ref: two, expected: null, next: c },
    ]
    t.deepEqual(await desktop.refs.push(late), { kind: 'moved', refs: [one] })
    t.deepEqual(await desktop.refs.fetch([one, two]), new Map([[one, a]]))
  })

  test(`${name}: a lease on a ref that is gone is a lost race`, async (t) => {
    const machine = await machines(t)
    const [laptop, desktop] = [await machine('laptop'), await machine('desktop')]
    const [a, b] = [await laptop.commit(), await desktop.commit()]
    await laptop.refs.push([{ ref: one, expected: null, next: a }])
    await laptop.refs.push([{ ref: one, expected: a, next: null }])
    t.deepEqual(await desktop.refs.push([{ ref: one, expected: a, next: b }]), { kind: 'moved', refs: [one] })
  })

  test(`${name}: pushing or deleting again what has happened is done`, async (t) => {
    const machine = await machines(t)
    const [laptop, desktop] = [await machine('laptop'), await machine('desktop')]
    const a = await laptop.commit()
    const create = [{ ref: one, expected: null, next: a }]
    const remove = [{ ref: one, expected: a, next: null }]
    t.deepEqual(await laptop.refs.push(create), done)
    t.deepEqual(await laptop.refs.push(create), done)
    t.is((await desktop.refs.fetch([one])).size, 1)
    t.deepEqual(await laptop.refs.push(remove), done)
    t.deepEqual(await laptop.refs.push(remove), done)
    t.is((await desktop.refs.fetch([one])).size, 0)
  })

  test(`${name}: of two that push at once, one wins and the other is told`, async (t) => {
    const machine = await machines(t)
    const [laptop, desktop] = [await machine('laptop'), await machine('desktop')]
    const [a, b] = [await laptop.commit(), await desktop.commit()]
    const outcomes = await Promise.all([
      laptop.refs.push([{ ref: one, expected: null, next: a }]),
      desktop.refs.push([{ ref: one, expected: null, next: b }]),
    ])
    t.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['done', 'moved'])
    const winner = outcomes[0]?.kind === 'done' ? a : b
    t.is((await laptop.refs.fetch([one])).get(one), winner)
  })

  test(`${name}: what was accepted is remembered apart from what was fetched`, async (t) => {
    const laptop = await (await machines(t))('laptop')
    const [a, b] = [await laptop.commit(), await laptop.commit()]
    await laptop.refs.push([{ ref: one, expected: null, next: a }])
    await laptop.refs.fetch([one])
    t.is(await laptop.refs.seen(one), null)
    await laptop.refs.accept([
      { ref: one, expected: null, next: a },
      { ref: index, expected: null, next: b },
    ])
    t.is(await laptop.refs.seen(one), a)
    t.deepEqual(await laptop.refs.seenAll('sessions'), new Map([[one, a]]))
    t.deepEqual(await laptop.refs.seenAll('index'), new Map([[index, b]]))
    await laptop.refs.accept([{ ref: one, expected: a, next: null }])
    t.is(await laptop.refs.seen(one), null)
    await laptop.refs.accept([])
  })

  test(`${name}: accepting is all or nothing, and only from what was seen`, async (t) => {
    const laptop = await (await machines(t))('laptop')
    const [a, b] = [await laptop.commit(), await laptop.commit()]
    await laptop.refs.accept([{ ref: one, expected: null, next: a }])
    for (const expected of [null, b]) {
      const stale = [
        { ref: two, expected: null, next: b },
        { ref: one, expected, next: b },
      ]
      await t.throwsAsync(laptop.refs.accept(stale), { code: 'store-busy' })
    }
    await t.throwsAsync(laptop.refs.accept([{ ref: two, expected: a, next: null }]), { code: 'store-busy' })
    t.is(await laptop.refs.seen(one), a)
    t.is(await laptop.refs.seen(two), null)
  })

  test(`${name}: commands that fetch and accept the same at once all have it`, async (t) => {
    const machine = await machines(t)
    const [laptop, desktop] = [await machine('laptop'), await machine('desktop')]
    let before: Oid | null = null
    for (let round = 0; round < 4; round += 1) {
      const next = await laptop.commit(before ?? undefined)
      t.deepEqual(await laptop.refs.push([{ ref: one, expected: before, next }]), done)
      const fetched = await Promise.all([1, 2, 3].map(() => desktop.refs.fetch([one])))
      for (const found of fetched) t.is(found.get(one), next)
      const [update, other] = [
        { ref: one, expected: before, next },
        { ref: two, expected: before, next },
      ]
      await Promise.all([[update], [update, other], [update]].map((each) => desktop.refs.accept(each)))
      t.deepEqual([await desktop.refs.seen(one), await desktop.refs.seen(two)], [next, next])
      before = next
    }
  })

  test(`${name}: a push that makes no sense is a bug`, async (t) => {
    const laptop = await (await machines(t))('laptop')
    const a = await laptop.commit()
    const create = { ref: one, expected: null, next: a }
    const bug = { code: 'bug' }
    await t.throwsAsync(laptop.refs.push([]), bug)
    await t.throwsAsync(laptop.refs.push([create, create]), bug)
    await t.throwsAsync(laptop.refs.push([{ ...create, ref: 'refs/heads/main' }]), bug)
    await t.throwsAsync(laptop.refs.push([{ ...create, next: null }]), bug)
  })
}

test('memory: faults can be asked for', async (t) => {
  const remote = memoryRemote()
  const refs = new MemoryRemoteRefs(remote)
  const [a, b] = [asOid('a'.repeat(40)), asOid('b'.repeat(40))]
  const create = [{ ref: one, expected: null, next: a }]
  remote.nextUnreachable = true
  await t.throwsAsync(refs.fetch([one]), { code: 'remote-access' })
  remote.nextRefusal = 'no'
  await t.throwsAsync(refs.push(create), { code: 'remote-refused', message: /no$/ })
  remote.beforeNextPush = () => remote.refs.set(one, b)
  t.deepEqual(await refs.push(create), { kind: 'moved', refs: [one] })
})
