/** The files of the local page, which lie beside the program. */

import type { Asset } from '../serve/serve.ts'
import { readWebFile } from './web-assets.ts'

export interface PageFiles {
  readonly document: Asset
  readonly assets: ReadonlyMap<string, Asset>
}

/** Read once: no request ever reaches the file system. Throws `failed` when the program is not all there. */
export async function readPageFiles(): Promise<PageFiles> {
  const script = await readWebFile('app.js')
  const style = await readWebFile('app-style.css')
  return {
    document: { type: 'text/html; charset=utf-8', bytes: Buffer.from(html) },
    assets: new Map([
      ['/app.js', { type: 'text/javascript; charset=utf-8', bytes: script }],
      ['/app.css', { type: 'text/css; charset=utf-8', bytes: style }],
    ]),
  }
}

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='6' fill='none' stroke='%234b6bfb' stroke-width='2.5'/%3E%3Ccircle cx='8' cy='8' r='2' fill='%234b6bfb'/%3E%3C/svg%3E"

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>git teleport</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="/app.css">
<script defer src="/app.js"></script>
</head>
<body>
<div id="app"></div>
<noscript>This page needs JavaScript. In a terminal: git teleport list, git teleport show</noscript>
</body>
</html>
`
