/** One of each record, small and fully filled in; the frozen fixtures are made of them. */

import type { IndexEntry, Manifest, SessionRecord, SessionState, Trailers } from '../../src/model.ts'
import { adasLaptop, bob, bobsDesktop, digest, oid, segmentRow, session } from './support.ts'

export const manifest: Manifest = {
  format: 1,
  session,
  repo: oid('c'),
  seq: 3,
  redacted: false,
  client: '2.1.329',
  title: 'Fix the flaky upload test',
  holder: { principal: 'bob@example.org', since: '2026-11-20T12:30:00Z' },
  readers: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIsK7r2eQ0sWkqK0a8mGZq8Uu0v0H4rB3F8c2P2mYz0e'],
  origins: [adasLaptop, bobsDesktop],
  segments: [
    segmentRow(1),
    segmentRow(2, { seq: [2, 2], parts: 2 }),
    segmentRow(4, { seq: [3, 3], by: bob, origin: 1 }),
  ],
  files: { count: 3, bytes: 4242, fold: digest('fold') },
  dead: 900,
  links: [
    {
      commit: oid('1'),
      tree: oid('2'),
      patchId: oid('3'),
      branch: 'fix/upload',
      message: '0b9c7a52-8a43-4d0e-bb62-7f1c5a3e9d10',
      time: '2026-11-20T12:00:00Z',
    },
    {
      commit: oid('4'),
      tree: oid('5'),
      patchId: null,
      branch: null,
      message: null,
      time: '2026-11-20T12:20:00Z',
    },
  ],
}

export const indexEntry: IndexEntry = {
  format: 1,
  session,
  state: 'live',
  commit: oid('6'),
  seq: 3,
  title: 'Fix the flaky upload test',
  author: 'ada@example.org',
  host: 'laptop',
  branch: 'fix/upload',
  messages: 42,
  bytes: 4242,
  updated: '2026-11-20T12:30:00Z',
  expires: '2026-12-20T12:30:00Z',
  holder: { principal: 'bob@example.org', since: '2026-11-20T12:30:00Z' },
  commits: [oid('1'), oid('4')],
}

export const tombstone: IndexEntry = {
  ...indexEntry,
  state: 'removed',
  commit: null,
  seq: 4,
  title: null,
  branch: null,
  messages: 0,
  bytes: 0,
  expires: null,
  holder: null,
  commits: [],
}

export const trailers: Trailers = {
  format: 1,
  ref: `refs/teleport/sessions/${session}`,
  session,
  repo: oid('c'),
  commit: oid('4'),
  seq: 3,
  previous: oid('7'),
  expires: '2026-12-20T12:30:00Z',
  recipients: digest('readers'),
  policy: oid('8'),
}

export const indexTrailers: Trailers = {
  format: 1,
  ref: `refs/teleport/index/${bob}`,
  session: null,
  repo: 'unknown',
  commit: null,
  seq: 1,
  previous: null,
  expires: null,
  recipients: digest('readers'),
  policy: null,
  action: 'push',
}

const settled = {
  format: 1,
  session,
  url: 'git@example.org:ada/widget.git',
  commit: oid('6'),
  seq: 3,
  signedText: digest('signed text'),
  recipient: `age1${'q'.repeat(58)}`,
  audience: ['age1escrow', 'ssh-ed25519 AAAA'],
  redacted: false,
  origin: adasLaptop,
  tier: 'exact',
  expires: '2026-12-20T12:30:00Z',
  expiresFixed: false,
  manifest,
  entry: indexEntry,
  files: {
    'session.jsonl': {
      gen: 1,
      size: 4242,
      chain: digest('chain'),
      localPath: '/home/ada/.claude/projects/-home-ada-work-widget/x.jsonl',
      localSize: 4240,
      localSha256: digest('local'),
    },
    'file-history/0123456789abcdef@v1': {
      gen: 2,
      size: 0,
      chain: digest('chain 2'),
      gone: true,
      path: '/home/ada/work/widget/app.js',
      localPath: '',
      localSize: 0,
      localSha256: digest(''),
    },
  },
  deep: false,
  links: {
    'session.jsonl': [
      ['a1', null],
      ['a2', 'a1'],
    ],
  },
  scan: { scannedTo: 4242, anything: ['the agent', { wants: null }] },
} as const satisfies SessionState

export const state: SessionState = settled

export const sessionRecord: SessionRecord = { format: 1, current: settled, pending: { ...settled, seq: 4 } }
