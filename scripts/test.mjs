/**
 * `npm test`: format and lint, compile, bundle, the unit tests, then every other test: journeys, real servers, the
 * real client. What a machine lacks is skipped and counted; with `CI` set a skipped test is a failure.
 * `GIT_TELEPORT_TEST_NODE` names a second Node that runs the unit tests once more. Ends with `N passed, N failed`.
 */

import { spawn } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { isUnitTest } from './unit-entries.mjs'

const root = path.resolve(import.meta.dirname, '..')
const bin = (name) => path.join(root, 'node_modules', name)
const ava = bin('ava/entrypoints/cli.mjs')
const inCi = Boolean(process.env.CI)
const secondNode = process.env.GIT_TELEPORT_TEST_NODE
const started = performance.now()
const total = { passed: 0, failed: 0, skipped: 0 }
const broken = []

await runAll()

async function runAll() {
  // A test whose source is gone must not live on in its compiled form.
  rmSync(path.join(root, 'build'), { recursive: true, force: true })
  await stage('format and lint', process.execPath, [bin('@biomejs/biome/bin/biome'), 'check', '.'])
  const compiled = await stage('compile', process.execPath, [
    bin('typescript/bin/tsc'),
    '--project',
    'tsconfig.json',
  ])
  const built = compiled && (await stage('bundle', process.execPath, ['scripts/build.mjs']))
  if (built) {
    await tests('unit tests', process.execPath, ['--config', 'ava.unit.config.js'])
    await tests('all other tests', process.execPath, otherTests())
    if (secondNode) await tests(`unit tests, ${secondNode}`, secondNode, ['--config', 'ava.unit.config.js'])
  }
  finish()
}

function finish() {
  const { passed, failed, skipped } = total
  if (broken.length > 0) console.log(`\nfailed:\n${broken.join('\n')}`)
  console.log(`\ntotal time: ${seconds(started)}`)
  if (skipped > 0) console.log(`${skipped} skipped${inCi ? ', which counts as failed where CI is set' : ''}`)
  const bad = failed + (inCi ? skipped : 0)
  console.log(`${passed} passed, ${bad} failed`)
  process.exitCode = bad > 0 ? 1 : 0
}

/** Everything that the unit tests are not, as arguments for AVA. */
function otherTests() {
  const compiled = path.join(root, 'build/test')
  const files = readdirSync(compiled, { recursive: true })
    .filter((name) => name.endsWith('.test.js') && !isUnitTest(name))
    .map((name) => `build/test/${name.replaceAll(path.sep, '/')}`)
  return ['--config', 'ava.config.js', ...files.sort()]
}

/** Runs one step that is no test; a failure counts as one. */
async function stage(name, program, args) {
  const from = performance.now()
  const { exitCode } = await run(name, program, args)
  console.log(`${name}: ${exitCode === 0 ? 'ok' : 'FAILED'}, ${seconds(from)}`)
  if (exitCode !== 0) {
    total.failed++
    broken.push(`  ${name}`)
  }
  return exitCode === 0
}

/** Runs AVA and adds what its summary says. */
async function tests(name, node, args) {
  const from = performance.now()
  const { exitCode, output } = await run(name, node, [ava, ...args])
  const counts = countsOf(output)
  // AVA also fails without a failed test: a file without tests, a time-out, an error outside of a test.
  const failed = exitCode === 0 ? counts.failed : Math.max(1, counts.failed)
  // A second Node proves the same tests again; they are counted once.
  if (node === process.execPath) total.passed += counts.passed
  total.failed += failed
  total.skipped += counts.skipped
  broken.push(...counts.broken.map((line) => `  ${name}: ${line}`))
  if (failed > 0) broken.push(counts.broken.length === 0 ? `  ${name}` : '', reportOf(output))
  console.log(
    `${name}: ${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped, ${seconds(from)}`,
  )
}

/** What AVA says of each failure once every test has run: told again at the very end, where a cut log still has it. */
function reportOf(output) {
  const lines = output.trimEnd().split('\n')
  const begin = lines.findIndex((line) => line.trim() === '─') + 1
  return lines.slice(Math.max(begin, lines.length - 300)).join('\n')
}

/** Reads AVA's marks and closing lines (a run that fails does not count what passed) and the kit's `skipped: …`. */
function countsOf(output) {
  const lines = output.split('\n').map((line) => line.trim())
  const count = (pattern) => lines.reduce((sum, line) => sum + Number(pattern.exec(line)?.[1] ?? 0), 0)
  const gaveUp = lines.filter((line) => /^\S? ?skipped: /.test(line)).length
  return {
    broken: lines.filter((line) => line.startsWith('✘ ')),
    passed: lines.filter((line) => line.startsWith('✔ ')).length - gaveUp,
    failed: count(/^(\d+) (?:tests? failed|hooks? failed|uncaught exceptions?|unhandled rejections?)$/),
    skipped: count(/^(\d+) tests? (?:skipped|todo)$/) + gaveUp,
  }
}

/** Shows what the program says while keeping it. */
function run(name, program, args) {
  console.log(`\n── ${name}`)
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const kept = []
    for (const [source, sink] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      source.on('data', (chunk) => {
        kept.push(chunk)
        sink.write(chunk)
      })
    }
    child.once('error', reject)
    child.once('close', (exitCode) => resolve({ exitCode, output: Buffer.concat(kept).toString('utf8') }))
  })
}

function seconds(from) {
  return `${((performance.now() - from) / 1000).toFixed(1)} s`
}
