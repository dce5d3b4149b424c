import { writeUnitEntries } from './scripts/unit-entries.mjs'

export default {
  files: writeUnitEntries(),
  require: ['./build/test/support/seed.js'],
  timeout: '2m',
}
