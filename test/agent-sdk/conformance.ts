/** The suite that every session store passes, by what the Agent SDK's documentation says of the interface. */

import { randomUUID } from 'node:crypto'
import type { ExecutionContext, TestFn } from 'ava'
import type { Bench, Entry, SessionStore, Summary } from './session-store.ts'

export interface Claims {
  /** A row whose `uuid` is there already is left out: the documentation says that a store should. */
  readonly idempotent: boolean
}

/** Declares the tests, each with a bench of its own. */
export function conforms(
  test: TestFn,
  name: string,
  makeBench: (t: ExecutionContext) => Promise<Bench>,
  claims: Claims,
): void {
  const check = (title: string, work: (t: ExecutionContext, bench: Bench) => Promise<void>) => {
    test(`${name}: ${title}`, async (t) => work(t, await makeBench(t)))
  }

  check('what was appended is loaded, equal and in order', async (t, { store, projectKey }) => {
    const key = newKey(projectKey)
    const first = [message('one'), odd(), { type: 'custom-title', customTitle: 'a title' }]
    const second = [message('two'), { type: 'tag', tag: 'x' }]
    await store.append(key, first)
    await store.append(key, second)
    t.deepEqual(await store.load(key), [...first, ...second])
  })

  check('what is unknown is null, and lists are empty', async (t, { store, projectKey }) => {
    const key = newKey(projectKey)
    t.is(await store.load(key), null)
    t.is(await store.load({ ...key, subpath: 'subagents/agent-a1' }), null)
    t.deepEqual(await store.listSubkeys(key), [])
    t.deepEqual(await store.listSessions(projectKey), [])
    await t.notThrowsAsync(store.delete(key))
  })

  if (claims.idempotent) {
    check('a message is kept once, however often it is appended', async (t, { store, projectKey }) => {
      const key = newKey(projectKey)
      const rows = [message('one'), message('two')]
      await store.append(key, rows)
      await store.append(key, rows)
      await store.append(key, [...rows, message('three', 'u3')])
      await store.append(key, [message('three', 'u3'), message('three', 'u3')])
      t.deepEqual(textsOf(await store.load(key)), ['one', 'two', 'three'])
    })
  }

  check('what has no uuid is kept as often as it is appended', async (t, { store, projectKey }) => {
    const key = newKey(projectKey)
    const title = { type: 'custom-title', customTitle: 'the same' }
    await store.append(key, [message('one')])
    await store.append(key, [title])
    await store.append(key, [title])
    t.is((await store.load(key))?.filter(({ type }) => type === 'custom-title').length, 2)
  })

  check('subagents lie beside the session and do not mix', async (t, { store, projectKey }) => {
    const key = newKey(projectKey)
    const agents = ['subagents/agent-a1', 'subagents/agent-b2']
    await store.append(key, [message('main')])
    for (const subpath of agents) {
      await store.append({ ...key, subpath }, [
        { type: 'agent_metadata', agentType: 'helper', toolUseId: subpath },
        message(subpath),
      ])
    }
    t.deepEqual((await store.listSubkeys(key)).toSorted(), agents)
    t.deepEqual(textsOf(await store.load(key)), ['main'])
    for (const subpath of agents) {
      const rows = await store.load({ ...key, subpath })
      t.deepEqual(textsOf(rows), [subpath])
      t.like(
        rows?.find(({ type }) => type === 'agent_metadata'),
        { toolUseId: subpath },
      )
    }
    t.deepEqual(
      (await store.listSessions(projectKey)).map(({ sessionId }) => sessionId),
      [key.sessionId],
    )
  })

  check('a list names each session once, and when it was written', async (t, { store, projectKey }) => {
    const keys = [newKey(projectKey), newKey(projectKey)]
    for (const key of keys) await store.append(key, [message('hello')])
    const listed = await store.listSessions(projectKey)
    t.deepEqual(
      listed.map(({ sessionId }) => sessionId).sort(),
      keys.map(({ sessionId }) => sessionId).sort(),
    )
    for (const { mtime } of listed)
      t.true(Number.isSafeInteger(mtime) && mtime > 1_600_000_000_000, `${mtime}`)
  })

  check('projects do not see each other', async (t, { store, projectKey, otherProject }) => {
    const key = newKey(projectKey)
    await store.append(key, [message('hello')])
    t.is(await store.load({ ...key, projectKey: otherProject }), null)
    t.deepEqual(await store.listSessions(otherProject), [])
    await store.delete({ ...key, projectKey: otherProject })
    t.deepEqual(textsOf(await store.load(key)), ['hello'])
  })

  check(
    'deleting a session takes its subagents along, and nothing else',
    async (t, { store, projectKey }) => {
      const [gone, kept] = [newKey(projectKey), newKey(projectKey)]
      for (const key of [gone, kept]) {
        await store.append(key, [message('main')])
        await store.append({ ...key, subpath: 'subagents/agent-a1' }, [message('helper')])
      }
      await store.delete(gone)
      t.is(await store.load(gone), null)
      t.is(await store.load({ ...gone, subpath: 'subagents/agent-a1' }), null)
      t.deepEqual(await store.listSubkeys(gone), [])
      t.deepEqual(
        (await store.listSessions(projectKey)).map(({ sessionId }) => sessionId),
        [kept.sessionId],
      )
      t.deepEqual(textsOf(await store.load({ ...kept, subpath: 'subagents/agent-a1' })), ['helper'])
    },
  )

  check('deleting a subagent leaves the session', async (t, { store, projectKey }) => {
    const key = newKey(projectKey)
    await store.append(key, [message('main')])
    await store.append({ ...key, subpath: 'subagents/agent-a1' }, [message('helper')])
    await store.delete({ ...key, subpath: 'subagents/agent-a1' })
    t.is(await store.load({ ...key, subpath: 'subagents/agent-a1' }), null)
    t.deepEqual(textsOf(await store.load(key)), ['main'])
  })

  check('10,000 entries come back as they were', async (t, { store, projectKey }) => {
    const key = newKey(projectKey)
    const rows = Array.from({ length: 10_000 }, (_, n) => message(`message ${n}`))
    for (let at = 0; at < rows.length; at += 500) await store.append(key, rows.slice(at, at + 500))
    t.deepEqual(await store.load(key), rows)
  })

  check(
    'two writers at once lose nothing, and each keeps its order',
    async (t, { store, second, projectKey }) => {
      const key = newKey(projectKey)
      const write = async (into: SessionStore, who: string) => {
        for (let n = 0; n < 20; n += 1) await into.append(key, [message(`${who} ${n}`)])
      }
      await Promise.all([write(store, 'a'), write(second, 'b')])
      const texts = textsOf(await store.load(key))
      t.is(texts.length, 40)
      for (const who of ['a', 'b']) {
        t.deepEqual(
          texts.filter((text) => text.startsWith(who)),
          Array.from({ length: 20 }, (_, n) => `${who} ${n}`),
        )
      }
    },
  )

  check('a summary holds what the SDK folds, from the first entry on', async (t, { store, projectKey }) => {
    if (!store.listSessionSummaries) return t.fail('the bench gives no fold')
    const key = newKey(projectKey)
    await store.append(key, [message('the first prompt')])
    const early = await store.listSessionSummaries(projectKey)
    t.is(early.length, 1)
    await store.append(key, [{ type: 'custom-title', customTitle: 'named later' }])
    const [summary] = await store.listSessionSummaries(projectKey)
    t.is(summary?.sessionId, key.sessionId)
    t.regex(JSON.stringify(summary?.data), /the first prompt/)
    t.regex(JSON.stringify(summary?.data), /named later/)
    const [listed] = await store.listSessions(projectKey)
    t.true((summary?.mtime ?? 0) >= (listed?.mtime ?? 1), 'it is not older than the list says')
  })
}

/** As the SDK's own does it, as far as the suite can tell: nothing of it is interpreted by a store. */
export function foldForTests(
  previous: Summary | undefined,
  key: { sessionId: string },
  entries: readonly Entry[],
  options: { mtime?: number } = {},
): Summary {
  const seen = previous?.data['seen']
  const before = Array.isArray(seen) ? seen : []
  const texts = entries.map((entry) => entry['customTitle'] ?? textsOf([entry])[0] ?? null)
  return {
    sessionId: key.sessionId,
    mtime: options.mtime ?? previous?.mtime ?? 0,
    data: { seen: [...before, ...texts] },
  }
}

export function newKey(projectKey: string): { projectKey: string; sessionId: string } {
  return { projectKey, sessionId: randomUUID() }
}

/** A prompt as the client writes it. */
export function message(text: string, uuid: string = randomUUID()): Entry {
  return {
    parentUuid: null,
    isSidechain: false,
    type: 'user',
    message: { role: 'user', content: text },
    uuid,
    timestamp: '2026-11-20T12:00:00.000Z',
  }
}

/** Values that a careless way through JSON or a database would change. */
function odd(): Entry {
  return {
    type: 'system',
    uuid: randomUUID(),
    subtype: 'informational',
    content: 'é \u2028 \u0000 😀 "\\ \n',
    numbers: [0, -1, 1e21, 0.1, Number.MAX_SAFE_INTEGER],
    nothing: null,
    empty: [{}, [], ''],
    nested: { b: 1, a: { '10': true, '2': false } },
  }
}

export function textsOf(rows: readonly Entry[] | null): string[] {
  return (rows ?? []).flatMap((row) => {
    const { message: said } = row
    const content = typeof said === 'object' && said !== null && 'content' in said ? said.content : undefined
    return typeof content === 'string' ? [content] : []
  })
}
