/**
 * Loaded before every test: properties see the same examples in each run, so that a test which fails means a change and
 * not chance. `GIT_TELEPORT_TEST_SEED` hunts with others: a number, or `random`, which fast-check names when it finds something.
 */

import fc from 'fast-check'

const wanted = process.env['GIT_TELEPORT_TEST_SEED'] ?? '20261121'
if (wanted !== 'random' && !/^-?\d{1,10}$/.test(wanted))
  throw new Error(`GIT_TELEPORT_TEST_SEED is a number or random, not ${wanted}`)
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) })
