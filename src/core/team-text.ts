/** A team, and what changed in it, in lines for people. Pure. */

import type { MemberKey, PolicySettings, TeamPolicy } from '../model.ts'
import { lifetimeText, settingKeys } from '../trust/settings.ts'

type Fingerprint = (recipient: string) => string

/** What a team's files say. */
export type TeamText = Pick<TeamPolicy, 'members' | 'readers' | 'settings'>

/** Members with their keys, readers, settings: what is confirmed at first sight. */
export function describeTeam(team: TeamText, fingerprint: Fingerprint): readonly string[] {
  return [
    ...team.members.map((each) => describeMember(each, fingerprint)),
    ...team.readers.map((each) => describeReader(each, fingerprint)),
    ...describeSettings(team.settings),
  ]
}

/** One phrase for each line that came, went or changed. */
export function describeChanges(
  before: TeamText,
  after: TeamText,
  fingerprint: Fingerprint,
): readonly string[] {
  const [old, now] = [new Set(describeTeam(before, fingerprint)), new Set(describeTeam(after, fingerprint))]
  return [
    ...[...now].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
    ...[...old].filter((line) => !now.has(line)).map((line) => `- ${line}`),
  ]
}

function describeMember(member: MemberKey, fingerprint: Fingerprint): string {
  const { principal, recipient, validAfter, validBefore } = member
  const lifetime = [
    ...(validAfter === null ? [] : [` from ${validAfter}`]),
    ...(validBefore === null ? [] : [` until ${validBefore}`]),
  ]
  return `member ${principal} ${fingerprint(recipient)}${lifetime.join('')}`
}

function describeReader(
  { recipient, comment }: TeamPolicy['readers'][number],
  fingerprint: Fingerprint,
): string {
  return `reader ${fingerprint(recipient)}${comment === '' ? '' : ` (${comment})`}`
}

/** `teleport.maxLifetime 30d`, only what is said. */
export function describeSettings(settings: PolicySettings): readonly string[] {
  return settingNames.flatMap((name) => {
    const value = settings[name]
    const unsaid = value === null || (Array.isArray(value) && value.length === 0)
    return unsaid ? [] : [`${settingKeys[name]} = ${formatSetting(value)}`]
  })
}

export const settingNames = [
  'allowedRemotes',
  'maxLifetimeDays',
  'defaultExpiryDays',
  'requiredReaders',
  'mustSign',
  'mustRedact',
  'mayPush',
  'allowChanges',
  'allowAutomation',
  'auditPulls',
  'runAllowed',
  'runAllowed',
  'repository',
  'toAllowed',
] as const satisfies readonly (keyof PolicySettings)[]

/** As a policy file would say it. */
export function formatSetting(value: PolicySettings[keyof PolicySettings]): string {
  if (value === null) return 'not set'
  if (typeof value === 'number') return lifetimeText(value)
  if (typeof value === 'string' || typeof value === 'boolean') return String(value)
  return value.length === 0 ? 'not set' : value.join(', ')
}
