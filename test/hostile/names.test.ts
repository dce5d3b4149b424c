/** Names and targets: every path trick, twins, shadowed entries, and files that are not for members to send. */

import { mkdir, symlink } from 'node:fs/promises'
import path from 'node:path'
import { emptySha256 } from '../../src/bundle/chain.ts'
import { backupHash } from '../../src/claude/relocation.ts'
import { session } from '../bundle/support.ts'
import { type File, mallorysOrigin, said } from './mallory.ts'
import { neutralises, refuses } from './victim.ts'

const file = (name: string, content = 'x', more: Partial<File> = {}): File => ({ name, content, ...more })

const gone = { gen: 2, op: 'gone', sha256: emptySha256 } as const

const tricks: Readonly<Record<string, string>> = {
  'climbs out': '../../.bashrc',
  'climbs out from below': 'uploads/../../../.bashrc',
  'is absolute': '/etc/cron.d/x',
  'has a drive letter': 'C:\\Windows\\x',
  'has backslashes': 'uploads\\..\\..\\x',
  'is a share': '//server/share/x',
  'goes into .git': '.git/hooks/post-checkout',
  'goes into .git below': 'uploads/.git',
  'goes into .GIT': 'uploads/.GIT',
  'is a short name of .git': 'uploads/git~1',
  'is .git as an NTFS stream': 'uploads/.git::$INDEX_ALLOCATION',
  'is an alternate stream': 'uploads/x:stream',
  'is .git with an ignorable letter': 'uploads/.g\u200cit',
  'ends in a dot': 'uploads/x.',
  'ends in a blank': 'uploads/x ',
  'begins with a dot': 'uploads/.profile',
  'begins with a dash and is an option': 'uploads/--help=x y',
  'is a device of Windows': 'uploads/CON',
  'is a device with an ending': 'uploads/nul.txt',
  'holds a NUL': 'uploads/x\0.txt',
  'holds a line feed': 'uploads/x\ny',
  'holds a carriage return': 'uploads/x\r',
  'holds an escape sequence': 'uploads/\x1b[2J',
  'is turned around': 'uploads/\u202etxt.exe',
  'has 300 letters': `uploads/${'x'.repeat(300)}`,
  'is empty': '',
  'has an empty part': 'uploads//x',
  'is a folder': 'uploads/',
  'goes deeper than it may': 'session-subdir/tool-results/a/b/c/d/e',
  'is memory': 'memory/MEMORY.md',
  'is settings': 'settings.json',
  'is a hook': 'hooks/start.sh',
  'is a job': 'jobs/0a1b2c3d/state.json',
  'is a workflow script': 'session-subdir/workflows/scripts/x.js',
  'is a credential': '.credentials.json',
  'is the configuration': '.claude.json',
  'is no task': 'tasks/../settings.json',
  'is another letter that looks the same': 'uploаds/x',
}
for (const [what, name] of Object.entries(tricks))
  refuses(`a name that ${what}`, name.includes('\0') ? 'damaged-bundle' : 'unsafe-bundle', {
    files: [file(name)],
  })

refuses('names that differ in case only', 'unsafe-bundle', {
  files: [file('uploads/readme'), file('uploads/README')],
})
refuses('one name in two forms of Unicode', 'unsafe-bundle', {
  files: [file('uploads/caf\u00e9'), file('uploads/cafe\u0301')],
})
refuses('a name twice in the same generation with other content', 'damaged-bundle', {
  files: [file('uploads/x', 'a'), file('uploads/x', 'b')],
  table: (rows) =>
    Buffer.from(
      `{"v":1,"pieces":[\n${[...rows, ...rows.slice(-1)].map((row) => JSON.stringify(row)).join(',\n')}\n]}\n`,
    ),
})
refuses('an append to what is not there', 'damaged-bundle', {
  files: [file('uploads/x', 'a', { row: { op: 'append', at: 5 } })],
})
refuses('an append that overlaps', 'damaged-bundle', {
  files: [file('uploads/x', 'abc'), file('uploads/x', 'bcd', { row: { op: 'append', at: 1 } })],
})
refuses('a generation out of nowhere', 'damaged-bundle', {
  files: [file('uploads/x', 'a', { row: { gen: 9 } })],
})
refuses('a path on a file that has none', 'unsafe-bundle', {
  files: [file('uploads/x', 'a', { path: '/etc/passwd' })],
})
refuses('a session that deletes its own conversation', 'unsafe-bundle', {
  files: [
    file('session.jsonl', '{}\n'),
    file('session.jsonl', '', {
      row: gone,
    }),
  ],
})
refuses('eleven thousand files', 'unsafe-bundle', {
  files: Array.from({ length: 11_000 }, (_, at) => file(`uploads/f${at}`, '')),
})

neutralises(
  'scripts for the shell, changes, prompts and pastes: none of it comes',
  {
    files: [
      file('session-env/sessionstart-hook-0.sh', 'touch /tmp/owned\n'),
      file('shell-snapshots/snapshot-bash-1-a.sh', 'alias ls=rm\n'),
      file('worktree/patch', 'x'),
      file('history.jsonl', '{"display":"!rm -rf ~","timestamp":1,"project":"/home/mallory/app"}\n'),
      file('paste-cache/0123456789abcdef.txt', 'pasted'),
      file('session-subdir/workflows/wf_1.json', '{"scriptPath":"/home/mallory/app/x.js"}'),
    ],
  },
  ({ t, came, dropped }) => {
    t.is(came.length, 1)
    t.is(dropped('shell-script'), 2)
    for (const reason of ['changes', 'prompt-history', 'paste', 'workflow']) t.is(dropped(reason), 1, reason)
  },
)

neutralises(
  "a plan in the place of another session's, and one in a free place",
  { files: [file('plans/another-session.md', 'evil'), file('plans/of-this-session.md', 'fine')] },
  ({ t, came, dropped }) => {
    t.is(dropped('plan'), 1)
    t.true(came.includes('.claude/plans/of-this-session.md'))
  },
)

neutralises(
  'a deletion of what another session has',
  { files: [file('plans/another-session.md', 'evil'), file('plans/another-session.md', '', { row: gone })] },
  ({ t, came, dropped }) => {
    t.is(came.length, 1)
    t.is(dropped('plan'), 2)
  },
)

/** A checkpoint of `key`, as a client at mallory's would have made it. */
function checkpoint(
  key: string,
  tracked: string,
): { readonly rows: readonly object[]; readonly files: readonly File[] } {
  const name = `${backupHash(tracked)}@v1`
  const backup = { backupFileName: name, version: 1, backupTime: '2026-11-20T12:00:00.000Z' }
  return {
    rows: [
      {
        type: 'file-history-snapshot',
        messageId: 'm',
        isSnapshotUpdate: false,
        snapshot: {
          messageId: 'm',
          timestamp: '2026-11-20T12:00:00.000Z',
          trackedFileBackups: { [key]: backup },
        },
      },
    ],
    files: [{ name: `file-history/${name}`, content: 'owned\n', path: tracked }],
  }
}

const { root, home } = mallorysOrigin
const targets: Readonly<Record<string, readonly [key: string, tracked: string]>> = {
  'her start-up file': [`${home}/.bashrc`, `${home}/.bashrc`],
  'a file above the project': ['../outside.txt', `${home}/outside.txt`],
  'a hook': ['.git/hooks/pre-commit', `${root}/.git/hooks/pre-commit`],
  'a hook, in capitals': ['.GIT/hooks/pre-commit', `${root}/.GIT/hooks/pre-commit`],
  'the settings of the project': ['.claude/settings.json', `${root}/.claude/settings.json`],
  'a file behind a link of the checkout': ['linked/x', `${root}/linked/x`],
  'a link of the checkout': ['link-to-bashrc', `${root}/link-to-bashrc`],
  'a file by an absolute path': ['/etc/cron.d/x', '/etc/cron.d/x'],
  'another file than the name was made of': ['app.ts', `${root}/other.ts`],
  'a path with backslashes': ['..\\..\\x', `${root}/..\\..\\x`],
  'a trailing dot': ['app.ts.', `${root}/app.ts.`],
  'a NUL': ['app\0.ts', `${root}/app`],
}
for (const [what, [key, tracked]] of Object.entries(targets))
  neutralises(
    `a forged checkpoint of ${what}`,
    async ({ ada }) => {
      await mkdir(path.join(ada.machine.home, 'elsewhere'), { recursive: true })
      await symlink('../../elsewhere', path.join(ada.top, 'linked')).catch(() => {})
      await symlink('../../.bashrc', path.join(ada.top, 'link-to-bashrc')).catch(() => {})
      const { rows, files } = checkpoint(key, tracked)
      return { rows: [said(session, 'hello'), ...rows], files }
    },
    ({ t, rows, dropped }) => {
      t.false(rows.some((row) => row['type'] === 'file-history-snapshot'))
      t.is(dropped('checkpoint'), 1)
    },
  )

neutralises(
  'an origin that maps the sender’s home to this checkout',
  () => {
    const { rows, files } = checkpoint('.bashrc', `${home}/.bashrc`)
    return {
      origin: { root: home, cwd: home },
      rows: [said(session, 'x'), ...rows],
      files,
    }
  },
  // Allowed: by her own folders it is a file of the checkout, and that is where a rewind would put it.
  ({ t, at, came }) =>
    void t.true(came.every((each) => each.startsWith('.claude/') && !each.includes(at.ada.top))),
)

neutralises(
  'a launch folder elsewhere: the session is filed under this project',
  { origin: { cwd: '/home/mallory/.ssh', projectDir: '-home-mallory--ssh' } },
  ({ t, at, result }) =>
    void t.true(String(result['transcript']).includes(at.ada.top.replace(/[^A-Za-z0-9]/g, '-'))),
)
