/**
 * What somebody might write into a conversation to make a reader's program do something: each in every place where a
 * transcript holds text. Whatever shows a conversation must show these as words. Pure.
 */

/** A page in which any of these ran has this on its window; a host of this name was asked for. */
export const canary = '__gt_canary'
export const trap = 'trap.example'

const run = `window.${canary}=1`
const esc = '\u001b'

/** Scripts, handlers, addresses, drawings and styles. */
export const markup: readonly string[] = [
  `<script>${run}</script>`,
  `</script><script>${run}</script>`,
  `<!--<script>${run}</script>-->`,
  `<img src=x onerror="${run}">`,
  `<img src="https://${trap}/pixel.png">`,
  `"><svg onload="${run}"><script>${run}</script></svg>`,
  `<svg><foreignObject><iframe srcdoc="<script>parent.${canary}=1</script>"></iframe></foreignObject></svg>`,
  `<math><mtext></form><form><mglyph><style></math><img src onerror="${run}">`,
  `<iframe src="javascript:${run}"></iframe>`,
  `<a href="javascript:${run}" autofocus onfocus="${run}">here</a>`,
  `<details open ontoggle="${run}">x</details>`,
  `<style>@import "https://${trap}/a.css"; * { background: url(https://${trap}/b.png) }</style>`,
  `<link rel="stylesheet" href="https://${trap}/c.css"><link rel="prefetch" href="https://${trap}/d">`,
  `<meta http-equiv="refresh" content="0;url=https://${trap}/">`,
  `<base href="https://${trap}/"><form action="https://${trap}/"><button>x</button></form>`,
  `<object data="data:text/html,<script>${run}</script>"></object>`,
  '</textarea></title></style></noscript></template></pre></code></p></div></body></html>',
  `' onmouseover='${run}' x='`,
  `\`\${${run}}\``,
  ']]><![CDATA[',
]

/** Addresses and images, as Markdown writes them. */
export const links: readonly string[] = [
  `[here](javascript:${run})`,
  `[here](JaVaScRiPt:${run})`,
  `[here](data:text/html,<script>${run}</script>)`,
  `[here](vbscript:msgbox)`,
  `[here](\u0001javascript:${run})`,
  `![pixel](https://${trap}/e.png)`,
  `![x](data:image/svg+xml,<svg onload="${run}"/>)`,
  `[https://example.com](https://${trap}/f)`,
  `[x](https://user:secret@${trap}/g)`,
  `<javascript:${run}>`,
  `[ref]: javascript:${run}\n\n[ref]`,
  `[x](https://${trap}/h "title" onclick="${run}")`,
  '[x](https://example.com/`"><script>)',
  `\`\`\`html"><script>${run}</script>\nx\n\`\`\``,
  '| a |\n| --- |\n| <script> |',
  '@everyone #1 !1 /close\n/merge',
]

/** Sequences that a terminal obeys. */
export const escapes: readonly string[] = [
  `${esc}]0;owned\u0007`,
  `${esc}]8;;https://${trap}/\u0007click${esc}]8;;\u0007`,
  `${esc}]52;c;b3duZWQ=\u0007`,
  `${esc}[2J${esc}[H${esc}[31;5m`,
  `${esc}[?1049h${esc}[?25l`,
  `${esc}P+q544e${esc}\\`,
  `${esc}c${esc}(0`,
  '\u009b31mred\u009b0m\u009d0;owned\u009c',
  'a\rb\u0008\u0008\u007f\u0000c',
]

/** Letters that hide or turn around what stands beside them. */
export const tricks: readonly string[] = [
  'if (isAdmin\u202e \u2066// check\u2069 \u2066) {',
  'safe\u200b\u200d\ufefffile\u00ad.ts',
  '\u2067gnp.exe\u2069',
  'line\u2028separator\u2029end',
  '\ud800 alone \udfff',
  '\u{e0041}\u{e0042} tags',
  // A fence that grows when the letter within it goes.
  `\`\`\`\`\u200b\`\`\`\n<script>${run}</script>`,
]

export const injections: readonly string[] = [...markup, ...links, ...escapes, ...tricks]

/** Rows of a transcript that hold each of them everywhere. */
export function hostileConversation(): readonly object[] {
  return injections.flatMap((bad, at) => hostileTurn(bad, at))
}

/** Rows of the subagent that the first turn starts. */
export function hostileAgents(): Readonly<Record<string, readonly object[]>> {
  return {
    [`call 0 ${injections[0]}`]: injections
      .slice(0, 8)
      .map((bad) => row('assistant', [{ type: 'text', text: bad }], bad)),
  }
}

function hostileTurn(bad: string, at: number): readonly object[] {
  const id = `call ${at} ${bad}`
  const patch = [{ oldStart: 1, newStart: 1, lines: [` ${bad}`, `-${bad} old`, `+${bad} new`] }]
  const svg = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="${run}"/>`).toString('base64')
  return [
    row('user', bad, bad),
    row('user', `<command-name>${bad}</command-name><command-args>${bad}</command-args>`, bad),
    row('user', `<local-command-stdout>${bad}</local-command-stdout>`, bad),
    row(
      'assistant',
      [
        { type: 'thinking', thinking: bad },
        { type: 'text', text: bad },
      ],
      bad,
    ),
    row(
      'assistant',
      [{ type: 'text', text: `# ${bad}\n\n- ${bad}\n\n> ${bad}\n\n\`\`\`${bad}\n${bad}\n\`\`\`` }],
      bad,
    ),
    row(
      'assistant',
      [{ type: 'tool_use', id, name: bad, input: { command: bad, [bad]: bad, file_path: `/x/${bad}` } }],
      bad,
    ),
    row(
      'user',
      [
        {
          type: 'tool_result',
          tool_use_id: id,
          is_error: at % 2 === 1,
          content: [
            { type: 'text', text: bad },
            {
              type: 'image',
              title: bad,
              source: { type: 'base64', media_type: `image/svg+xml"${bad}`, data: svg },
            },
            { type: 'image', source: { type: 'url', url: `https://${trap}/image.png` } },
          ],
        },
      ],
      bad,
      at % 3 === 0 ? { toolUseResult: { filePath: `/x/${bad}`, structuredPatch: patch } } : {},
    ),
    { type: 'system', subtype: 'informational', content: bad, uuid: bad },
  ]
}

function row(type: 'user' | 'assistant', content: unknown, bad: string, more: object = {}): object {
  return { type, uuid: bad, timestamp: bad, message: { role: type, model: bad, id: bad, content }, ...more }
}
