import { writeUnitEntries } from './scripts/unit-entries.mjs'

export default {
  files: writeUnitEntries(),
  timeout: '2m',
}
