import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { exitCodes } from '../../src/errors.ts'

const run = promisify(execFile)
const file = path.resolve(import.meta.dirname, '../../../man/git-teleport.1')
const page = readFileSync(file, 'utf8')

/** The lines of one section, without its heading. */
function section(name: string): string {
  return page.split(/^\.Sh /m).find((part) => part.startsWith(`${name}\n`)) ?? ''
}

test('the manual tells every exit code, and no other', (t) => {
  const told = [...section('EXIT STATUS').matchAll(/^\.It (\d+)$/gm)].map((match) => Number(match[1]))
  t.deepEqual(told, Object.values(exitCodes))
})

test('the manual is formatted without a warning', async (t) => {
  const hasMan = await run('groff', ['--version']).then(
    () => true,
    () => false,
  )
  if (!hasMan) return t.pass()
  const { stderr } = await run('groff', ['-mandoc', '-ww', '-Tutf8', '-z', file])
  t.is(stderr, '')
})

test('lines of the manual are short enough for its sources to be read', (t) => {
  t.deepEqual(
    page.split('\n').filter((line) => line.length > 80),
    [],
  )
})
