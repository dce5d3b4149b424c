import test from 'ava'
import type { OpenTranscript } from '../../src/core/browse-place.ts'
import { useShelf } from '../../src/core/browse-shelf.ts'
import { createShelf } from '../../src/core/decrypted-shelf.ts'
import { hasCode, interruption } from '../../src/errors.ts'
import { isOid } from '../../src/model.ts'

const tip = '0123456789abcdef0123456789abcdef01234567'
const transcript: OpenTranscript = {
  roots: ['/'],
  now: () => Promise.reject(new Error('nobody reads it')),
  paged: () => Promise.reject(new Error('nobody reads it')),
}

test('a session that two wait for is opened although the first of them leaves', async (t) => {
  if (!isOid(tip)) throw new Error('that is no id')
  const shelf = createShelf()
  const opened: string[] = []
  const ask = (name: string, signal: AbortSignal) => {
    const open = () => {
      opened.push(name)
      return new Promise<{ transcript: OpenTranscript; close(): Promise<void> }>((resolve, reject) => {
        if (name === 'first') signal.addEventListener('abort', () => reject(interruption()))
        else resolve({ transcript, close: async () => undefined })
      })
    }
    return useShelf(shelf, { tip, open, signal }, async ({ roots }) => roots)
  }
  const leaving = new AbortController()
  const first = ask('first', leaving.signal)
  const others = ['second', 'third'].map((name) => ask(name, new AbortController().signal))
  leaving.abort()
  t.true(hasCode(await t.throwsAsync(first), 'interrupted'))
  t.deepEqual(await Promise.all(others), [['/'], ['/']])
  t.deepEqual(opened, ['first', 'second'])
  await shelf.close()
})

test('a session whose own opener is interrupted is not asked for again', async (t) => {
  if (!isOid(tip)) throw new Error('that is no id')
  let opened = 0
  const open = () => {
    opened += 1
    return Promise.reject(interruption())
  }
  const { signal } = new AbortController()
  const asked = useShelf(createShelf(), { tip, open, signal }, async () => null)
  t.true(hasCode(await t.throwsAsync(asked), 'interrupted'))
  t.is(opened, 1)
})
