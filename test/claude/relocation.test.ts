/** Which path becomes which. */

import test from 'ava'
import fc from 'fast-check'
import { backupHash, planRelocation } from '../../src/claude/relocation.ts'
import {
  linuxHere,
  linuxOrigin,
  otherSession,
  session,
  toLinux,
  windowsHere,
  windowsOrigin,
} from './sample.ts'

const mapped = test.macro({
  exec: (t, from: string, to: string) => t.is(toLinux.path(from), to),
  title: (_, from, to) => `${from} becomes ${to}`,
})

test(mapped, '/home/ann/app', '/work/app')
test(mapped, '/home/ann/app/src/x.js', '/work/app/src/x.js')
test(mapped, '/home/ann/app2/x.js', '/root/app2/x.js')
test(mapped, '/home/ann2/app/x.js', '/home/ann2/app/x.js')
test(mapped, '/home/ann/.claude/projects/-home-ann-app/x', '/root/.claude/projects/-work-app/x')
test(mapped, '/home/ann/.claude/projects/-home-ann-other/x', '/root/.claude/projects/-home-ann-other/x')
test(mapped, '/etc/hosts', '/etc/hosts')
test(mapped, 'src/x.js', 'src/x.js')
test(mapped, '', '')

test('the configuration folder keeps its place though the home folder around it moves', (t) => {
  const shared = { ...linuxOrigin, config: '/home/ann/claude' }
  const relocation = planRelocation(shared, session, { ...linuxHere, config: '/home/ann/claude' })
  t.is(relocation.path('/home/ann/claude/plans/x.md'), '/home/ann/claude/plans/x.md')
  t.is(relocation.path('/home/ann/x.md'), '/root/x.md')
  t.false(relocation.pairs.some(({ from }) => from === '/home/ann/claude'))
})

test('the same folders change nothing, and another id does', (t) => {
  const here = { ...linuxHere, home: '/home/ann', config: '/home/ann/.claude', root: '/home/ann/app' }
  const same = { ...here, projectDir: '-home-ann-app' }
  t.false(planRelocation(linuxOrigin, session, same).changed)
  t.deepEqual(planRelocation(linuxOrigin, session, same).pairs, [])
  const fork = planRelocation(linuxOrigin, session, { ...same, session: otherSession })
  t.true(fork.changed)
  t.is(
    fork.path(`/home/ann/.claude/projects/-home-ann-app/${session}/tool-results/x.txt`),
    `/home/ann/.claude/projects/-home-ann-app/${otherSession}/tool-results/x.txt`,
  )
  t.is(
    fork.path(`/home/ann/.claude/file-history/${session}/x`),
    `/home/ann/.claude/file-history/${otherSession}/x`,
  )
})

test('from Windows to elsewhere, drive and letters are compared without case and separators turn', (t) => {
  const relocation = planRelocation(windowsOrigin, session, linuxHere)
  t.is(relocation.path('C:\\Users\\Ann\\app\\src\\x.js'), '/work/app/src/x.js')
  t.is(relocation.path('c:/users/ann/APP/Src/x.js'), '/work/app/Src/x.js')
  t.is(relocation.path('C:\\Users\\Ann\\app2\\x.js'), '/root/app2/x.js')
  t.is(relocation.path('D:\\x'), 'D:\\x')
  t.is(relocation.relative('src\\x.js'), 'src/x.js')
})

test('from elsewhere to Windows, separators turn the other way', (t) => {
  const relocation = planRelocation(linuxOrigin, session, windowsHere)
  t.is(relocation.path('/home/ann/app/src/x.js'), 'D:\\src\\app\\src\\x.js')
  t.is(relocation.path('/home/ann'), 'D:\\Home\\Bob')
  t.is(relocation.path('/HOME/ann'), '/HOME/ann')
  t.is(relocation.text('see "/home/ann/app/src/x.js".'), 'see "D:\\src\\app\\src\\x.js".')
})

test('the top of a disk is not taken for a known folder, and may be the target', (t) => {
  t.is(planRelocation({ ...linuxOrigin, root: '/' }, session, linuxHere).path('/etc/x'), '/etc/x')
  const toTop = planRelocation(linuxOrigin, session, { ...linuxHere, root: '/' })
  t.is(toTop.path('/home/ann/app'), '/')
  t.is(toTop.path('/home/ann/app/x'), '/x')
})

test('a checkpoint is renamed when its name is the hash of its path, and only then', (t) => {
  const path = '/home/ann/app/src/x.js'
  const name = `${backupHash(path)}@v3`
  t.is(toLinux.backupName(name, path), `${backupHash('/work/app/src/x.js')}@v3`)
  t.is(toLinux.backupName(name, '/home/ann/app/other.js'), name)
  t.is(toLinux.backupName(name, undefined), name)
  t.is(toLinux.backupName('../../x', path), '../../x')
})

test('a folder inside longer text counts only on path boundaries', (t) => {
  const text = toLinux.text
  t.is(text('cd /home/ann/app && ls'), 'cd /work/app && ls')
  t.is(text('"/home/ann/app/x" in /home/ann/app.'), '"/work/app/x" in /work/app.')
  t.is(text('file:///home/ann/app/x'), 'file:///work/app/x')
  t.is(text('/home/ann/app2 /home/ann/app.bak'), '/root/app2 /root/app.bak')
  t.is(text('x/home/ann/app /mnt/home/ann/app'), 'x/home/ann/app /mnt/home/ann/app')
  t.is(text('/home/ann/äpp /home/annä'), '/root/äpp /home/annä')
})

test('Windows folders inside text are found with single, doubled and forward separators', (t) => {
  const toWindows = planRelocation(windowsOrigin, session, windowsHere)
  t.is(toWindows.text('in C:\\Users\\Ann\\app\\x'), 'in D:\\src\\app\\x')
  t.is(toWindows.text('{"p":"C:\\\\Users\\\\Ann\\\\app\\\\x"}'), '{"p":"D:\\\\src\\\\app\\\\x"}')
  const toPosix = planRelocation(windowsOrigin, session, linuxHere)
  t.is(
    toPosix.text('(c:/users/ann/app/a/b) and C:\\Users\\Ann\\app\\a\\b.'),
    '(/work/app/a/b) and /work/app/a/b.',
  )
})

const segment = fc.stringMatching(/^[a-z0-9 ._-]{1,8}$/)
const anyPath = fc
  .tuple(
    fc.constantFrom(
      '/home/ann/app',
      '/home/ann',
      '/home/ann/.claude',
      '/work/app',
      '/etc',
      '',
      '/home/ann/app2',
    ),
    fc.array(segment, { maxLength: 4 }),
  )
  .map(([top, rest]) => [top, ...rest].join('/'))

test('where no target lies in a source, mapping twice is mapping once', (t) => {
  fc.assert(
    fc.property(anyPath, (path) => {
      const once = toLinux.path(path)
      t.is(toLinux.path(once), once)
      const text = toLinux.text(`see ${path}, ok`)
      t.is(toLinux.text(text), text)
    }),
  )
})
