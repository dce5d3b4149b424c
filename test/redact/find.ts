/** Names of the own rules that find something. */

import { secretFinder } from '../../src/redact/find-secrets.ts'
import { ownRules } from '../../src/redact/own-rules.ts'

const finder = secretFinder(ownRules, [], {})

export const find = (text: string): readonly string[] => finder(text).map(({ rule }) => rule)
