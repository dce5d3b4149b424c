/** What stands around every view: where one can go, the keys, light and dark, and whether the server is there. */

import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { BrowseEvent } from '../../core/browse.ts'
import { toggleTheme } from '../conversation/theme.ts'
import { CommitView } from './commit.tsx'
import { CommitsView } from './commits.tsx'
import { listen } from './events.ts'
import { FileView } from './file.tsx'
import { FilesView } from './files.tsx'
import { useKeys } from './keys.ts'
import { KeysDialog } from './keys-dialog.tsx'
import { Link, NavigationContext, useRoutes } from './navigation.tsx'
import { ProblemNote } from './problem.tsx'
import type { Route } from './routes.ts'
import { SessionView } from './session.tsx'
import { SessionsView } from './sessions.tsx'
import { whileSeen } from './while-seen.ts'

export function Shell(): JSX.Element {
  const navigation = useRoutes()
  const { route, visit, go } = navigation
  const [isHelping, setHelping] = useState(false)
  const session = route.view === 'session' ? route.session : null
  const { listRound, sessionRound, isLinked } = useEvents(session)
  useKeys([
    { key: '?', does: 'Show these keys', run: () => setHelping(true) },
    { key: 's', does: 'Go to the sessions', run: () => go('/') },
    { key: 'c', does: 'Go to the commits', run: () => go('/commits') },
    { key: 'f', does: 'Go to the files', run: () => go('/files') },
    { key: 't', does: 'Change between light and dark', run: toggleTheme },
  ])
  useArrival(visit)
  return (
    <NavigationContext.Provider value={navigation}>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="top">
        <Link to="/" class="brand">
          git teleport
        </Link>
        <nav aria-label="Views">
          <ViewLink to="/" view={['sessions', 'session']} route={route}>
            Sessions
          </ViewLink>
          <ViewLink to="/commits" view={['commits', 'commit']} route={route}>
            Commits
          </ViewLink>
          <ViewLink to="/files" view={['files', 'file']} route={route}>
            Files
          </ViewLink>
        </nav>
        <div class="top-tools">
          {!isLinked && (
            <span class="badge bad" role="status">
              not running
            </span>
          )}
          <button type="button" onClick={toggleTheme}>
            Light / dark
          </button>
          <button type="button" aria-haspopup="dialog" onClick={() => setHelping(true)}>
            Keys
          </button>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <View route={route} listRound={listRound} sessionRound={sessionRound} />
      </main>
      {isHelping && <KeysDialog onClose={() => setHelping(false)} />}
    </NavigationContext.Provider>
  )
}

interface ViewProps {
  readonly route: Route
  readonly listRound: number
  readonly sessionRound: number
}

function View({ route, listRound, sessionRound }: ViewProps): JSX.Element {
  switch (route.view) {
    case 'sessions':
      return <SessionsView round={listRound} />
    case 'session':
      return <SessionView key={`${route.session} ${route.place}`} route={route} round={sessionRound} />
    case 'commits':
      return <CommitsView round={listRound} />
    case 'commit':
      return <CommitView key={route.commit} commit={route.commit} />
    case 'files':
      return <FilesView />
    case 'file':
      return <FileView key={`${route.path}@${route.revision}`} path={route.path} revision={route.revision} />
    case 'nothing': {
      const problem = { code: 'none', message: 'There is nothing at this address.', hint: null }
      return <ProblemNote problem={problem} />
    }
  }
}

interface ViewLinkProps {
  readonly to: string
  readonly view: readonly Route['view'][]
  readonly route: Route
  readonly children: ComponentChildren
}

function ViewLink({ to, view, route, children }: ViewLinkProps): JSX.Element {
  const isHere = view.includes(route.view)
  return (
    <Link to={to} class="view-link" {...(isHere ? { 'aria-current': 'page' } : {})}>
      {children}
    </Link>
  )
}

/** Rounds count what changed, so that views ask again. */
function useEvents(session: string | null) {
  const [rounds, setRounds] = useState({ listRound: 0, sessionRound: 0 })
  const [isLinked, setLinked] = useState(true)
  useEffect(() => {
    const onEvent = ({ kind }: BrowseEvent) =>
      setRounds((before) =>
        kind === 'list'
          ? { ...before, listRound: before.listRound + 1 }
          : { ...before, sessionRound: before.sessionRound + 1 },
      )
    // A browser keeps six connections to one server, for all tabs together: a few that nobody looks at would take them all.
    // A stream begins with an event of each kind, so that nothing is missed that happened while there was none.
    return whileSeen(document, (signal) => void listen(session, onEvent, setLinked, signal))
  }, [session])
  return { ...rounds, isLinked }
}

/** After a visit the keyboard stands at the beginning of what is new, and a reader of screens says so. */
function useArrival(visit: number): void {
  const before = useRef('')
  useLayoutEffect(() => {
    const here = location.pathname + location.search
    if (visit > 0 && before.current !== here)
      document.getElementById('content')?.focus({ preventScroll: true })
    before.current = here
  }, [visit])
}
