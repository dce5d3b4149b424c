/** What conversations are written with, whatever the format. */

import type { Reading } from '../core/reading.ts'

export interface DocumentWriter {
  /** Once for each conversation. `facts` are for programs, `rows` for people. */
  begin(
    kind: 'session' | 'commit',
    title: string,
    facts: object,
    rows?: readonly (readonly [string, string])[],
  ): Promise<void>
  body(reading: Reading): Promise<void>
  end(): Promise<void>
}
