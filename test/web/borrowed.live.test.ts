/** Questions of one page that come together, and all need commits that the clone does not have. */

import { readdir } from 'node:fs/promises'
import test from 'ava'
import { fetchCommits } from '../../src/git-store/borrowed-repo.ts'
import { isOid, type Oid } from '../../src/model.ts'
import { sandbox } from '../git-store/sandbox.ts'

test('questions that borrow at once do not take each other’s repository away', async (t) => {
  const box = await sandbox(t)
  const url = await box.bare('remote')
  await box.project('writer', url)
  const commits: Oid[] = []
  for (const branch of ['one', 'two', 'three', 'four', 'five', 'six']) {
    await box.git('writer', 'checkout', '--quiet', '--orphan', branch)
    await box.git('writer', 'commit', '--quiet', '--allow-empty', '--message', branch)
    await box.git('writer', 'push', '--quiet', 'origin', branch)
    const oid = await box.git('writer', 'rev-parse', 'HEAD')
    if (isOid(oid)) commits.push(oid)
  }
  await box.project('laptop', url)
  const store = await box.open('laptop')
  const histories = async () => (await readdir(store.dir)).filter((name) => name.startsWith('history'))
  const asked: Promise<boolean>[] = []
  for (const oid of commits) {
    asked.push(fetchCommits(store, [oid]))
    // The others come while the first is at it.
    while ((await histories()).length === 0);
  }
  t.deepEqual(
    await Promise.all(asked),
    commits.map(() => true),
  )
  t.deepEqual(await histories(), ['history'])
  for (const oid of commits)
    t.is(await box.git('.', '--git-dir', store.path('history'), 'cat-file', '-t', oid), 'commit')
})
