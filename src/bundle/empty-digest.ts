/** SHA-256 of no bytes, which a `gone` row carries. Pure. */

import { asSha256, type Sha256 } from '../model.ts'

export const emptySha256: Sha256 = asSha256(
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
)
