/** The script of an HTML file: takes over from what the file shows before any script runs. */

import { render } from 'preact'
import { App } from './document/app.tsx'
import { blocksInPage, openDocument } from './document/blocks.ts'

const app = document.getElementById('app')

openDocument(blocksInPage()).then(
  (opened) => {
    if (!app) return
    app.replaceChildren()
    render(<App {...opened} />, app)
  },
  () => {
    const note = document.createElement('p')
    note.textContent = 'The rest of this file cannot be read: it is damaged, or the browser is too old.'
    note.setAttribute('role', 'alert')
    app?.prepend(note)
  },
)
