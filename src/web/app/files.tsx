/** The files of the project, to be asked where their lines come from. */

import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { TrackedFiles } from '../../core/browse-file.ts'
import { step, useKeys } from './keys.ts'
import { Link } from './navigation.tsx'
import { Loading, ProblemNote } from './problem.tsx'
import { fileAddress } from './routes.ts'
import { useAsk } from './use-ask.ts'
import { cleanLine, plural } from './words.ts'

const mostShown = 500

export function FilesView(): JSX.Element {
  const asked = useAsk<TrackedFiles>('files', {})
  const [typed, setTyped] = useState('')
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    document.title = 'Files'
  }, [])
  useKeys([
    { key: '/', does: 'Filter', run: () => field.current?.focus() },
    { key: 'Escape', does: 'Leave the filter', run: () => field.current?.blur() },
    { key: 'j', does: 'Next file', run: () => step('.file-link', 1) },
    { key: 'k', does: 'File before', run: () => step('.file-link', -1) },
  ])
  const files = asked.answer?.files ?? []
  const found = useMemo(() => {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
    return files.filter((file) => words.every((word) => file.toLowerCase().includes(word)))
  }, [files, typed])
  if (asked.problem) return <ProblemNote problem={asked.problem} />
  if (!asked.answer) return <Loading what="the files" />
  return (
    <div class="list-view">
      <div class="list-head">
        <h1>Files</h1>
        <p class="quiet" role="status">
          {found.length === files.length
            ? plural(files.length, 'file')
            : `${found.length} of ${plural(files.length, 'file')}`}
        </p>
        <div class="list-tools">
          <label class="hidden-label" for="filter">
            Filter by name
          </label>
          <input
            id="filter"
            ref={field}
            type="search"
            placeholder="Filter by name"
            autocomplete="off"
            spellcheck={false}
            onInput={({ currentTarget: { value } }) => setTyped(value)}
          />
        </div>
      </div>
      <ul class="files">
        {found.slice(0, mostShown).map((file) => (
          <li key={file}>
            <Link to={fileAddress(file)} class="file-link">
              {cleanLine(file) || 'a name of blanks'}
            </Link>
          </li>
        ))}
      </ul>
      {found.length > mostShown && <p class="quiet">Type to see the others.</p>}
    </div>
  )
}
