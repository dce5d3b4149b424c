/** The settings a policy may say: their keys, what their values may be. docs/policy.md explains them. Pure. */

import { TeleportError } from '../errors.ts'
import { isOid, type Oid, type PolicySettings } from '../model.ts'
import { isPrincipal } from './allowed-signers.ts'
import { type ConfigEntry, parseGitConfig } from './git-config.ts'
import { badLine } from './policy-text.ts'

export type SettingName = keyof PolicySettings

export const noSettings: PolicySettings = {
  allowedRemotes: [],
  maxLifetimeDays: null,
  defaultExpiryDays: null,
  requiredReaders: [],
  mustSign: null,
  mustRedact: null,
  mayPush: [],
  allowChanges: null,
  allowAutomation: null,
  auditPulls: null,
  runAllowed: [],
  repository: null,
  toAllowed: [],
}

/** How each setting is spelled in documents and messages. */
export const settingKeys: Readonly<Record<SettingName, string>> = {
  allowedRemotes: 'teleport.allowedRemote',
  maxLifetimeDays: 'teleport.maxLifetime',
  defaultExpiryDays: 'teleport.defaultExpiry',
  requiredReaders: 'teleport.requiredReader',
  mustSign: 'teleport.mustSign',
  mustRedact: 'teleport.mustRedact',
  mayPush: 'teleport.mayPush',
  allowChanges: 'teleport.allowChanges',
  allowAutomation: 'teleport.allowAutomation',
  auditPulls: 'teleport.audit.pulls',
  runAllowed: 'teleport.run.allowed',
  repository: 'teleport.repository',
  toAllowed: 'teleport.to.allowed',
}

/** Only in the managed file: commits of the policy that are accepted at first sight. */
export const trustKey = 'teleport.trustPolicy'

export interface ReadSettings {
  readonly settings: PolicySettings
  readonly trusted: readonly Oid[]
  /** What was there and means nothing here, in words for the user. */
  readonly notes: readonly string[]
}

/** The text of a policy file. Throws `bad-policy` for a value that a key cannot have, and for includes. */
export function parseSettings(file: string, text: string, may: { readonly trust: boolean }): ReadSettings {
  const fail = (line: number, why: string) => badLine(file, line, why)
  const entries = parseGitConfig(text, fail)
  const include = entries.find(({ key }) => /^include(?:if)?\./.test(key))
  if (include) throw fail(include.line, 'a policy includes no other file')
  return settingsOf(entries, {
    fail: ({ line }, why) => fail(line, why),
    unknown: ({ key, line }) =>
      `${file}, line ${line}: ${key} is no setting of git-teleport, and was left out`,
    trust: may.trust,
  })
}

/** The same keys in the user's own git configuration, where other keys of git-teleport's lie beside them. */
export function userSettings(config: ReadonlyMap<string, readonly string[]>): PolicySettings {
  const known = new Set(Object.values(settingKeys).map((key) => key.toLowerCase()))
  const entries = [...config]
    .filter(([key]) => known.has(key))
    .flatMap(([key, values]) => values.map((value) => ({ key, value, line: 0 })))
  return settingsOf(entries, {
    fail: ({ key }, why) =>
      new TeleportError('usage', `the git configuration says ${key}: ${why}`, {
        hint: `git config --show-origin --get-all ${key}`,
      }),
    unknown: () => '',
    trust: false,
  }).settings
}

interface Rules {
  fail(entry: ConfigEntry, why: string): Error
  unknown(entry: ConfigEntry): string
  readonly trust: boolean
}

/** The last value of a key counts, as in git; a key of several values keeps each. */
function settingsOf(entries: readonly ConfigEntry[], rules: Rules): ReadSettings {
  let settings = noSettings
  const trusted: Oid[] = []
  const notes: string[] = []
  for (const entry of entries) {
    const read = readers.get(entry.key)
    if (read) {
      const next = read(settings, entry.value)
      if (typeof next === 'string') throw rules.fail(entry, next)
      settings = next
    } else if (rules.trust && entry.key === trustKey.toLowerCase()) {
      if (!isOid(entry.value)) throw rules.fail(entry, `${trustKey} is a full commit id`)
      trusted.push(entry.value)
    } else notes.push(rules.unknown(entry))
  }
  return { settings, trusted, notes }
}

/** The settings with one value more, or what the value has to be. */
type ReadSetting = (settings: PolicySettings, value: string) => PolicySettings | string

type NameOf<T> = { [Name in SettingName]: PolicySettings[Name] extends T ? Name : never }[SettingName]

function flag(name: NameOf<boolean | null>): ReadSetting {
  return (settings, value) => {
    if (/^(?:true|yes|on|1)$/i.test(value)) return { ...settings, [name]: true }
    if (/^(?:false|no|off|0|)$/i.test(value)) return { ...settings, [name]: false }
    return `${settingKeys[name]} is true or false`
  }
}

function lifetime(name: NameOf<number | null>): ReadSetting {
  return (settings, value) => {
    const days = lifetimeDays(value)
    return days === null
      ? `${settingKeys[name]} is a time such as 12h, 7d or 4w`
      : { ...settings, [name]: days }
  }
}

/** The other way round: whole days, else whole hours. */
export function lifetimeText(days: number): string {
  return days % 1 === 0 ? `${days}d` : `${Math.round(days * 24)}h`
}

/** `12h`, `7d`, `4w` in days; null for anything else. */
export function lifetimeDays(text: string): number | null {
  const match = /^([1-9][0-9]{0,4})([hdw])$/.exec(text)
  const hours = { h: 1, d: 24, w: 168 }[match?.[2] ?? '']
  return hours === undefined ? null : (Number(match?.[1]) * hours) / 24
}

function each(
  name: 'allowedRemotes' | 'requiredReaders' | 'mayPush' | 'runAllowed' | 'toAllowed',
  check: (value: string) => string | null,
): ReadSetting {
  return (settings, value) => {
    const wrong = check(value)
    if (wrong !== null) return `${settingKeys[name]} is ${wrong}`
    return { ...settings, [name]: [...new Set([...settings[name], value])] }
  }
}

const readers: ReadonlyMap<string, ReadSetting> = new Map<string, ReadSetting>([
  [
    key('allowedRemotes'),
    each('allowedRemotes', (value) =>
      /^[^\p{Cc}\s]{1,500}$/u.test(value) ? null : 'a URL, with * for any text',
    ),
  ],
  [key('maxLifetimeDays'), lifetime('maxLifetimeDays')],
  [key('defaultExpiryDays'), lifetime('defaultExpiryDays')],
  [
    key('requiredReaders'),
    each('requiredReaders', (value) =>
      isReader(value) ? null : 'a recipient, as .teleport/recipients has it, or a member',
    ),
  ],
  [key('mustSign'), (settings, value) => mustSign(settings, value)],
  [key('mustRedact'), flag('mustRedact')],
  [key('mayPush'), each('mayPush', (value) => (isPrincipal(value) ? null : 'a member, by name'))],
  [key('allowChanges'), flag('allowChanges')],
  [key('allowAutomation'), flag('allowAutomation')],
  [key('auditPulls'), flag('auditPulls')],
  [
    key('runAllowed'),
    each('runAllowed', (value) =>
      /^(?:here|false|\*|[a-z]+:\/\/[^\p{Cc}\s]{1,500})$/u.test(value)
        ? null
        : 'here, a target such as ssh://host/* with * for any text, or false',
    ),
  ],
  [key('repository'), repository],
  [
    key('toAllowed'),
    each('toAllowed', (value) =>
      /^(?:here|false|\*|\/[^\p{Cc}]{0,500}|[a-z]+:\/\/[^\p{Cc}]{1,500})$/u.test(value)
        ? null
        : 'here, a target such as ssh://host/* with * for any text, a folder, or false',
    ),
  ],
])

function key(name: SettingName): string {
  return settingKeys[name].toLowerCase()
}

function isReader(value: string): boolean {
  return (
    isPrincipal(value) || /^(?:ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]{40,6000}={0,2}$/.test(value) || isAge(value)
  )
}

function isAge(value: string): boolean {
  return /^age1[0-9a-z]{50,2100}$/.test(value)
}

/** Nothing is ever sent unsigned, and a policy that says otherwise has been misunderstood. */
const mustSign: ReadSetting = (settings, value) => {
  const read = flag('mustSign')(settings, value)
  if (typeof read === 'string' || read.mustSign) return read
  return `${settingKeys.mustSign} cannot be false: every push is signed`
}

/** What a trailer can hold, but for the two words that mean something there. */
function repository(settings: PolicySettings, value: string): PolicySettings | string {
  const fits = /^[\x21-\x7e]{1,200}$/.test(value) && value !== 'unknown' && value !== 'none'
  return fits
    ? { ...settings, repository: value }
    : `${settingKeys.repository} is one word of at most 200 characters`
}
