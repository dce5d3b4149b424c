/** The parts of the hooks that need no repository. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { parseHookEvents } from '../../src/bundle/hook-event.ts'
import { messagesAt } from '../../src/claude/message-at.ts'
import { parseWindow } from '../../src/core/automation.ts'
import { hookNames, insertBlock, isShellScript, removeBlock } from '../../src/git-store/hook-block.ts'

const commit = 'a'.repeat(40)
const session = '5b1e3f2a-91c4-4d6f-9a37-0123456789ab'

test('taking a block out leaves what it was put into, whatever that was', (t) => {
  const line = fc.string({ maxLength: 20 }).map((text) => text.replaceAll('\n', ''))
  const script = fc
    .record({ shebang: fc.boolean(), lines: fc.array(line, { maxLength: 5 }) })
    .map(({ shebang, lines }) => [...(shebang ? ['#!/bin/bash -e'] : []), ...lines].join('\n'))
  fc.assert(
    fc.property(
      script,
      fc.constantFrom(...hookNames),
      fc.constantFrom(0o755, 0o644, 0o700),
      fc.boolean(),
      (text, name, mode, asksForMode) => {
        const inserted = insertBlock(text, { name, before: { mode }, asksForMode })
        t.deepEqual(removeBlock(inserted), { before: { mode }, text })
      },
    ),
  )
  for (const before of ['absent', 'wrapped'] as const) {
    const inserted = insertBlock('', { name: 'pre-push', before, asksForMode: true })
    t.deepEqual(removeBlock(inserted), { before, text: null })
    t.deepEqual(removeBlock(`${inserted}echo more\n`), { before, text: '#!/bin/sh\necho more\n' })
  }
  t.is(removeBlock('#!/bin/sh\nexit 0\n'), undefined)
})

test('a shell is told from another language by the first line', (t) => {
  const shells = [
    '#!/bin/sh',
    '#!/usr/bin/env bash',
    '#! /bin/dash -e',
    '#!/usr/bin/env -S zsh -f',
    'echo x',
    '',
  ]
  const others = ['#!/usr/bin/env python3', '#!/usr/bin/perl', '#!/usr/bin/env node', '\x7fELF\0']
  for (const text of shells) t.true(isShellScript(`${text}\n`), text)
  for (const text of others) t.false(isShellScript(`${text}\n`), text)
})

test('events are read as the hooks write them, and nothing else is an event', (t) => {
  const noted = parseHookEvents(`commit ${commit} ${session} refs/heads/a/b /home/me/my app\n`)
  t.deepEqual(noted.commits, [{ commit, session, branch: 'a/b', top: '/home/me/my app' }] as never)
  t.true(noted.whole)
  const detached = parseHookEvents(`commit ${commit} - - /home/me/two\nlines\n`)
  t.deepEqual(detached.commits, [
    { commit, session: null, branch: null, top: '/home/me/two\nlines' },
  ] as never)
  t.deepEqual(parseHookEvents('commit HEAD - - /x\n').commits, [])
  t.false(parseHookEvents(`commit ${commit} - `).whole)
  const pair = `${'b'.repeat(40)} ${commit}`
  t.deepEqual(parseHookEvents(`rewrite\n${pair} extra\nnonsense\nend\n`).rewrites, [
    ['b'.repeat(40), commit],
  ] as never)
  t.false(parseHookEvents(`rewrite\n${pair}\n`).whole)
})

test('the message behind a moment is the last of the main conversation that is not younger', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'gt-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'session.jsonl')
  const at = (second: number) => Date.UTC(2026, 10, 20, 12, 0, second)
  const row = (second: number, more: object) =>
    JSON.stringify({
      type: 'user',
      uuid: `u${second}`,
      timestamp: new Date(at(second)).toISOString(),
      ...more,
    })
  const filler = 'x'.repeat(700_000)
  const lines = [
    row(1, {}),
    row(2, { filler }),
    row(3, { type: 'assistant', filler }),
    row(4, { isSidechain: true }),
    row(5, { isMeta: true }),
    row(6, { type: 'system' }),
    'no JSON',
    row(7, { type: 'assistant' }),
  ]
  const text = `${lines.join('\n')}\n${row(8, {})}`
  await writeFile(file, text)
  const moments = [at(0), at(1), at(2) + 999, at(6), at(7), at(60)]
  const found = await messagesAt({ path: file, sizeBytes: text.length }, moments)
  t.deepEqual(
    found.map((message) => message?.uuid ?? null),
    [null, 'u1', 'u2', 'u3', 'u7', 'u7'],
  )
})

test('a window is minutes, hours or days', (t) => {
  t.deepEqual(['0', '30m', '2h', '1d'].map(parseWindow), [0, 1_800_000, 7_200_000, 86_400_000])
  for (const text of ['', '30', '-1m', '1w', '0m', '999999m'])
    t.throws(() => parseWindow(text), { code: 'usage' })
})
