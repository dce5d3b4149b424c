/** Writes fixtures/format-1 anew. Never for a format that was released: those bytes are out in the world. */

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { makeFixtures } from './fixtures.ts'

const folder = path.resolve(import.meta.dirname, '../../../fixtures/format-1')
mkdirSync(folder, { recursive: true })
for (const [name, bytes] of await makeFixtures()) writeFileSync(path.join(folder, name), bytes)
