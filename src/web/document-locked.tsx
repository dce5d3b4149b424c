/** The script of an HTML file under a passphrase: asks for it, then shows what the file holds. */

import { render } from 'preact'
import { App } from './document/app.tsx'
import { openDocument } from './document/blocks.ts'
import { openSealed, sealedBytes } from './document/sealed.ts'
import { Unlock } from './document/unlock.tsx'

const app = document.getElementById('app')

if (app) {
  app.replaceChildren()
  render(
    <Unlock
      open={async (passphrase) => {
        const blocks = await openSealed(sealedBytes(), passphrase)
        if (!blocks) return false
        const opened = await openDocument(blocks)
        document.title = opened.document.chapters[0]?.title || document.title
        render(null, app)
        render(<App {...opened} />, app)
        return true
      }}
    />,
    app,
  )
}
