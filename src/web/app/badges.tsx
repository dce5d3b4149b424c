/** What is to be known of a session at a glance: in words, never by colour alone. */

import type { JSX } from 'preact'
import type { BrowsedFacts } from '../../core/browse-facts.ts'
import type { OverviewSession } from '../../core/browse-overview.ts'
import type { BrowsedConversation } from '../../core/browse-session.ts'
import { ageOf, cleanLine, plural } from './words.ts'

type Tone = 'good' | 'bad' | 'live' | 'plain'

interface BadgeProps {
  readonly tone: Tone
  readonly text: string
  readonly title?: string
}

function Badge({ tone, text, title }: BadgeProps): JSX.Element {
  return (
    <span class={`badge ${tone}`} {...(title === undefined ? {} : { title })}>
      {text}
    </span>
  )
}

const stateWords: Readonly<Record<string, BadgeProps | undefined>> = {
  new: { tone: 'plain', text: 'only on the remote' },
  same: { tone: 'plain', text: 'here too' },
  'fast-forward': { tone: 'plain', text: 'the remote is ahead' },
  'local-ahead': { tone: 'plain', text: 'ahead of the remote' },
  diverged: { tone: 'bad', text: 'diverged' },
  gone: { tone: 'bad', text: 'removed from the remote' },
  expired: { tone: 'bad', text: 'expired' },
}

const soonMs = 7 * 86_400_000

export function ListBadges({ of }: { readonly of: OverviewSession }): JSX.Element {
  const now = Date.now()
  const state = of.seq === null ? { tone: 'plain' as const, text: 'not sent' } : stateWords[of.state ?? '']
  const endsSoon = of.expires !== null && of.state !== 'expired' && Date.parse(of.expires) - now < soonMs
  return (
    <span class="badges">
      {of.live && <Badge tone="live" text="open here" />}
      {state && <Badge {...state} />}
      {of.holder && <Badge tone="plain" text={`held by ${cleanLine(of.holder.principal)}`} />}
      {endsSoon && of.expires !== null && <Badge tone="plain" text={`expires ${ageOf(of.expires, now)}`} />}
    </span>
  )
}

export function SessionBadges({ of }: { readonly of: BrowsedConversation }): JSX.Element {
  const { remote, live, problem } = of
  return (
    <p class="badges">
      {live && <Badge tone="live" text="open here" />}
      {remote && <SignerBadge facts={remote} />}
      {!remote && !problem && <Badge tone="plain" text="not sent" />}
      {problem && <Badge tone="bad" text="not verified" title={problem.message} />}
      {remote && <Badge tone="plain" text={plural(remote.readers.length, 'reader')} />}
      {remote?.holder && <Badge tone="plain" text={`held by ${cleanLine(remote.holder.principal)}`} />}
      {remote && <ExpiryBadge facts={remote} />}
    </p>
  )
}

function SignerBadge({ facts }: { readonly facts: BrowsedFacts }): JSX.Element {
  const { kind, principal, fingerprint } = facts.signedBy
  if (kind === 'unknown') return <Badge tone="bad" text="not verified" title={facts.doubt ?? fingerprint} />
  const who = kind === 'own' ? 'one of your devices' : cleanLine(principal ?? '')
  return <Badge tone="good" text={`verified: ${who}`} title={fingerprint} />
}

function ExpiryBadge({ facts }: { readonly facts: BrowsedFacts }): JSX.Element {
  if (facts.expires === null) return <Badge tone="plain" text="never expires" />
  if (facts.expired) return <Badge tone="bad" text={`expired ${ageOf(facts.expires, Date.now())}`} />
  return <Badge tone="plain" text={`expires ${ageOf(facts.expires, Date.now())}`} title={facts.expires} />
}
