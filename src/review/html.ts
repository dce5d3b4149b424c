/**
 * The frame of an HTML file that holds conversations: nothing in it can reach the network or run what a conversation says.
 * The first messages stand in it as plain HTML; everything else in blocks that only its own script reads. Pure.
 */

import type { ViewBlock, ViewMessage } from './view.ts'
import type { ViewChapter } from './view-document.ts'

export interface HtmlAssets {
  readonly script: string
  readonly style: string
  /** Base64 of SHA-256 of each. */
  readonly scriptDigest: string
  readonly styleDigest: string
}

/** Up to where the blocks follow. `body` is HTML; `title` is a text that is harmless already. */
export function htmlStart(title: string, body: string, assets: HtmlAssets): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(assets)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="git-teleport">
<title>${escapeHtml(title)}</title>
<style>${assets.style}</style>
</head>
<body>
<div id="app">
${body}
</div>
`
}

/** `kind` names the block to the script; `data` is base64. */
export function htmlBlock(kind: 'block' | 'sealed', data: string): string {
  return `<script type="text/plain" data-${kind}>${data}</script>\n`
}

export function htmlEnd(assets: HtmlAssets): string {
  return `<script>${assets.script}</script>\n</body>\n</html>\n`
}

/** Nothing is loaded, sent, framed or run but the one script and style, and images that stand in the file itself. */
function policy({ scriptDigest, styleDigest }: HtmlAssets): string {
  return [
    "default-src 'none'",
    `script-src 'sha256-${scriptDigest}'`,
    `style-src 'sha256-${styleDigest}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

/** So many characters of one text are shown before the script has taken over. */
const mostText = 6000
const mostMessages = 80

/** What is on the screen until the script has read the blocks, and all there is without it. */
export function firstPage(
  { title, facts }: Pick<ViewChapter, 'title' | 'facts'>,
  messages: readonly ViewMessage[],
): string {
  const rows = facts.map(
    ([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`,
  )
  const shown = messages.filter(isShown).slice(0, mostMessages).map(messageHtml)
  return `<div class="app hide-thinking hide-client">
<div class="bar"></div>
<div class="side"></div>
<main class="talk">
<noscript><p class="quiet">This is the beginning of the conversation. The rest of it, search and folding need JavaScript; nothing is loaded from anywhere.</p></noscript>
<h1 class="title">${escapeHtml(title || 'Conversation')}</h1>
<dl class="facts">${rows.join('')}</dl>
${shown.join('\n')}
</main>
</div>`
}

/** Without a script, nothing is. */
export const lockedPage = `<main class="unlock">
<h1>An encrypted conversation</h1>
<noscript><p>It opens with a passphrase, and that needs JavaScript.</p></noscript>
</main>`

function isShown({ hidden, kind, blocks }: ViewMessage): boolean {
  return (
    !hidden && (kind === 'prompt' || kind === 'answer') && blocks.some((block) => blockHtml(block) !== '')
  )
}

function messageHtml({ kind, depth, number, asked, blocks }: ViewMessage): string {
  const id = number === null ? '' : ` id="m${number}"`
  const who = kind === 'prompt' ? 'Asked' : 'Answered'
  const tag = asked ? 'h2' : 'p'
  return `<article${id} class="message ${kind}" data-depth="${Math.min(depth, 4)}">
<${tag} class="who"><span class="name">${who}</span>${number === null ? '' : ` <span class="anchor">#${number}</span>`}</${tag}>
${blocks.map(blockHtml).join('\n')}
</article>`
}

function blockHtml(block: ViewBlock): string {
  if (block.kind === 'text') return `<div class="words typed"><p>${escapeHtml(cut(block.text))}</p></div>`
  if (block.kind === 'command') return `<p class="command">${escapeHtml(cut(block.text))}</p>`
  if (block.kind === 'media') return `<p class="media">${escapeHtml(block.name)}</p>`
  if (block.kind !== 'call') return ''
  return `<p class="call"><span class="tool">${escapeHtml(block.tool)}</span> <span class="about">${escapeHtml(block.summary)}</span></p>`
}

function cut(text: string): string {
  return text.length <= mostText ? text : `${text.slice(0, mostText)}…`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
