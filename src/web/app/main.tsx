/** The script of the local page. */

import { render } from 'preact'
import { enter } from './api.ts'
import { startKeys } from './keys.ts'
import { Shell } from './shell.tsx'

const start = () => {
  const app = document.getElementById('app')
  startKeys()
  if (app) render(<Shell />, app)
}
// Without an answer nothing is lost: the page says that nobody answers.
enter().then(start, start)
