/** Moving between the views: links, the browser's history, where the keyboard stands afterwards. */

import type { ComponentChildren, JSX } from 'preact'
import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import { type Route, readRoute } from './routes.ts'

export interface Navigation {
  readonly route: Route
  /** Without `#`; changes with every visit, also of the same place. */
  readonly hash: string
  readonly visit: number
  go(address: string): void
}

const nowhere: Navigation = { route: { view: 'nothing' }, hash: '', visit: 0, go: () => undefined }

export const NavigationContext = createContext<Navigation>(nowhere)

export function useNavigation(): Navigation {
  return useContext(NavigationContext)
}

export function useRoutes(): Navigation {
  const [visit, setVisit] = useState(0)
  const arrive = () => setVisit((before) => before + 1)
  useEffect(() => {
    addEventListener('popstate', arrive)
    return () => removeEventListener('popstate', arrive)
  }, [])
  return {
    route: readRoute(location.pathname, location.search),
    hash: location.hash.slice(1),
    visit,
    go(address) {
      const { pathname, search } = location
      history.pushState(null, '', address)
      // Another page begins at its top; the same one stays where it is, or goes to the place that is named.
      if (location.pathname !== pathname || location.search !== search) scrollTo(0, 0)
      arrive()
    },
  }
}

interface LinkProps {
  readonly to: string
  readonly class?: string
  readonly 'aria-current'?: 'page' | 'true'
  readonly children: ComponentChildren
}

/** A real link, so that it opens in a tab of its own when somebody wants that. */
export function Link({ to, children, ...rest }: LinkProps): JSX.Element {
  const { go } = useNavigation()
  return (
    <a
      {...rest}
      href={to}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
        event.preventDefault()
        go(to)
      }}
    >
      {children}
    </a>
  )
}
