/** The local page's server, spoken to as a browser, as other pages, and as whoever finds the port. */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { TeleportError } from '../../src/errors.ts'
import { uidOfPeer } from '../../src/serve/peer.ts'
import type { Question, Watch } from '../../src/serve/question.ts'
import { readQuestion } from '../../src/serve/question.ts'
import { serve } from '../../src/serve/serve.ts'
import { dig, parseJson } from '../support/json.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const session = '5b1e3f2a-91c4-4d6f-9a37-0123456789ab'
const oid = '0123456789abcdef0123456789abcdef01234567'
const page = { type: 'text/html', bytes: Buffer.from('<title>the page</title>') }

const me = process.getuid?.()

async function house(
  t: ExecutionContext,
  answer = async (question: Question, _signal: AbortSignal): Promise<unknown> => question,
  ownUid = me,
) {
  const defects: unknown[] = []
  let gone: () => void = () => undefined
  const left = new Promise<void>((resolve) => {
    gone = resolve
  })
  const served = await serve({
    port: 0,
    document: page,
    assets: new Map([['/app.js', { type: 'text/javascript', bytes: Buffer.from('go()') }]]),
    answers: {
      answer,
      async watch(id, tell, signal) {
        tell({ watching: id })
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        gone()
      },
      onDefect: (error) => defects.push(error),
    },
    random: (n) => randomBytes(n),
    ownUid,
  })
  t.teardown(served.close)
  const { port } = served
  const ask = (path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const host = { Host: `127.0.0.1:${port}` }
      const asked = request({ host: '127.0.0.1', port, path, method, headers: { ...host, ...headers } })
      asked.on('error', reject)
      asked.on('response', async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, body: Buffer.concat(chunks).toString() })
      })
      asked.end(body)
    })
  const own = `http://127.0.0.1:${port}`
  const token = new URLSearchParams(new URL(served.linkTo('/')).hash.slice(1)).get('token') ?? ''
  const enter = (body = token) => ask('/enter', { method: 'POST', headers: { Origin: own }, body })
  const pass = async () => {
    const answer = await enter()
    const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    return { Cookie: cookie, 'X-Teleport-Key': String(dig(parseJson(answer.body), 'key')) }
  }
  return { served, port, own, ask, enter, pass, token, defects, left }
}

test('the token of the address works once, and what it gives is needed whole', async (t) => {
  const { ask, enter, served, token } = await house(t)
  t.regex(served.linkTo('/session/x#m12'), /^http:\/\/127\.0\.0\.1:\d+\/session\/x#token=[\w-]{43}&at=m12$/)
  t.is((await ask('/api/overview')).status, 401)
  t.is((await enter(`${token}x`)).status, 403)
  t.is((await enter('')).status, 403)
  const first = await enter()
  t.is(first.status, 200)
  const [cookie = ''] = first.headers['set-cookie'] ?? []
  t.regex(cookie, /^teleport-[0-9a-f]{12}=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/)
  t.is((await enter()).status, 403)

  const Cookie = cookie.split(';')[0] ?? ''
  const key = String(dig(parseJson(first.body), 'key'))
  const all = { Cookie: `other=1; ${Cookie}`, 'X-Teleport-Key': key }
  t.is((await ask('/api/overview', { headers: all })).status, 200)
  // Another server of this machine is shown the cookie by the browser, and nothing else.
  t.is((await ask('/api/overview', { headers: { Cookie } })).status, 401)
  t.is((await ask('/api/overview', { headers: { 'X-Teleport-Key': key } })).status, 401)
  t.is((await ask('/api/overview', { headers: { ...all, Cookie: `${Cookie}x` } })).status, 401)
  t.is((await ask(`/api/overview?token=${token}`)).status, 401)
})

test('the token of another user of the machine is refused, and lets its owner in afterwards', async (t) => {
  if (process.platform !== 'linux' || me === undefined) return t.pass()
  if (me !== 0) {
    // Nobody can be another user: then the page is somebody else's.
    const { enter } = await house(t, undefined, me + 1)
    t.is((await enter()).status, 403)
    return
  }
  const { enter, own, token } = await house(t)
  const script = `fetch('${own}/enter',{method:'POST',body:'${token}',headers:{Origin:'${own}'}}).then(a=>console.log(a.status))`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
    uid: 65534,
    cwd: '/',
    env: {},
  })
  t.is(stdout, '403\n')
  t.is((await enter()).status, 200)
})

test('the other end of a connection is found in the table of the kernel', (t) => {
  const row = (from: string, to: string, uid: number) =>
    `   1: ${from} ${to} 01 00000000:00000000 00:00000000 00000000  ${uid}        0 12345 1 0000 20 4 30 10 -1`
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    row('0100007F:1F90', '0100007F:C350', 1),
    row('0100007F:C350', '0100007F:1F90', 1000),
    row('0A00007F:C351', '0100007F:1F90', 1001),
    row('0200A8C0:C352', '0100007F:1F90', 1002),
    // A socket of IPv6 that was connected to ::ffff:127.0.0.1.
    row('0000000000000000FFFF00000100007F:C353', '0000000000000000FFFF00000100007F:1F90', 1003),
    row('0000000000000000FFFF00000200A8C0:C354', '0000000000000000FFFF00000100007F:1F90', 1004),
  ].join('\n')
  t.is(uidOfPeer(table, { local: 8080, remote: 50000 }), 1000)
  t.is(uidOfPeer(table, { local: 8080, remote: 50001 }), 1001)
  t.is(uidOfPeer(table, { local: 8080, remote: 50002 }), undefined)
  t.is(uidOfPeer(table, { local: 8080, remote: 50003 }), 1003)
  t.is(uidOfPeer(table, { local: 8080, remote: 50004 }), undefined)
  t.is(uidOfPeer('', { local: 8080, remote: 50000 }), undefined)
})

test('another name, another page, another site and other methods are refused before anything is looked at', async (t) => {
  const asked: Question[] = []
  const { ask, pass, port, own, served } = await house(t, async (question) => asked.push(question))
  const letIn = await pass()
  const status = async (headers: Readonly<Record<string, string>>, method = 'GET', path = '/api/overview') =>
    (await ask(path, { method, headers: { ...letIn, ...headers } })).status
  // DNS rebinding: a name of somebody else's that leads here.
  for (const Host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1.evil.example:${port}`])
    t.is(await status({ Host }), 403, Host)
  for (const Host of [
    `127.0.0.1:${port + 1}`,
    `[::1]:${port}`,
    `127.0.0.1:${port}@evil.example`,
    `LOCALHOST:${port}`,
  ])
    t.is(await status({ Host }), 403, Host)
  t.is(await status({ Host: `localhost:${port}` }), 200)
  for (const Origin of [
    'http://evil.example',
    'null',
    `http://localhost:${port}`,
    `https://127.0.0.1:${port}`,
  ])
    t.is(await status({ Origin }), 403, Origin)
  t.is(await status({ Origin: own }), 200)
  for (const site of ['cross-site', 'same-site', 'none', 'nonsense'])
    t.is(await status({ 'Sec-Fetch-Site': site }), 403, site)
  t.is(await status({ 'Sec-Fetch-Site': 'same-origin' }), 200)
  // Typed, or opened by the terminal; a link of another site leads nowhere.
  t.is(await status({ 'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'navigate' }, 'GET', '/'), 200)
  t.is(await status({ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }, 'GET', '/'), 403)
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE'])
    t.is(await status({}, method), 405, method)
  t.is(await status({ Origin: own }, 'POST'), 405)
  t.is(await status({}, 'POST', '/enter'), 403)
  t.is(asked.length, 3)
  t.is(await refusedConnection(port, outerAddress()), true)
  t.is(new URL(served.linkTo('/')).hostname, '127.0.0.1')
})

/** Of this machine in its network; undefined where it has none. */
function outerAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address
}

function refusedConnection(port: number, host: string | undefined): Promise<boolean> {
  if (host === undefined) return Promise.resolve(true)
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', () => resolve(true))
  })
}

test('whatever is answered, the browser is told to allow nothing', async (t) => {
  const { ask, pass } = await house(t)
  const headers = await pass()
  const answers = [
    await ask('/'),
    await ask('/app.js'),
    await ask('/nowhere'),
    await ask('/api/overview'),
    await ask('/api/overview', { headers }),
    await ask('/', { headers: { Host: 'evil.example' } }),
  ]
  t.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 404, 401, 200, 403],
  )
  for (const { headers } of answers) {
    t.is(
      headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types",
    )
    t.is(headers['x-content-type-options'], 'nosniff')
    t.is(headers['cache-control'], 'no-store')
    t.is(headers['referrer-policy'], 'no-referrer')
    t.is(headers['cross-origin-resource-policy'], 'same-origin')
    t.is(headers['access-control-allow-origin'], undefined)
  }
})

test('an address names questions and nothing of the file system', async (t) => {
  const { ask, pass, own } = await house(t)
  const headers = await pass()
  for (const path of [
    '/../../etc/passwd',
    '/app.js/../../etc/passwd',
    '/%2e%2e/etc/passwd',
    '/app.js%00',
    '/assets',
    // As addresses are resolved, these would name another host, and one that there cannot be.
    '/\\evil.example/',
    '/\\[',
  ])
    t.is((await ask(path, { headers })).status, 404, path)
  for (const path of ['//evil.example/', 'http://evil.example/', '*'])
    t.is((await ask(path, { headers })).status, 400, path)
  t.is((await ask(`/${'x'.repeat(9000)}`, { headers })).status, 414)
  t.is((await ask('/session/anything', { headers })).body, page.bytes.toString())
  for (const path of ['nothing', '', 'commit', 'commit?oid=HEAD', 'page?page=1', `page?session=${session}`])
    t.is((await ask(`/api/${path}`, { headers })).status, 400, path)
  const big = await ask('/enter', {
    method: 'POST',
    headers: { Origin: own },
    body: 'x'.repeat(5000),
  })
  t.is(big.status, 400)
})

const question = test.macro((t, text: string, expected: Question | Watch | undefined) => {
  const [path = '', query] = text.split('?')
  t.deepEqual(readQuestion(path, new URLSearchParams(query)), expected)
})

const spot = { session, place: null, rows: null }
for (const [text, expected] of [
  ['overview?fetch=1', { kind: 'overview', fetch: true }],
  [`conversation?session=${session}`, { kind: 'conversation', ...spot }],
  [
    `page?session=${session}&place=here&rows=3-9&page=2`,
    { kind: 'page', ...spot, place: 'here', rows: [3, 9], page: 2 },
  ],
  [`page?session=${session}&page=-1`, undefined],
  [`page?session=${session}&page=1e9`, undefined],
  [`page?session=${session}&rows=9-3&page=1`, undefined],
  [`page?session=${session}&rows=1-2-3&page=1`, undefined],
  [`conversation?session=${session}&place=elsewhere`, undefined],
  ['conversation?session=../../etc/passwd', undefined],
  [`find?session=${session}&words=`, undefined],
  [`find?session=${session}&words=a`, { kind: 'find', ...spot, words: 'a' }],
  [`find?session=${session}&words=${'a'.repeat(501)}`, undefined],
  [`commit?oid=${oid}`, { kind: 'commit', commit: oid }],
  ['commit?oid=--output=x', undefined],
  [`history?after=${oid}`, { kind: 'history', after: oid }],
  ['file?path=a/b.ts', { kind: 'file', file: 'a/b.ts', revision: null }],
  ['file?path=a%00b', undefined],
  [`file?path=a&rev=${oid}x`, undefined],
  [`events?session=${session}`, { kind: 'events', session }],
  ['events?session=x', undefined],
] as const) {
  test(`reads ${text.slice(0, 70)}`, question, text, expected as Question | Watch | undefined)
}

test('an error is told as far as the person may know it, and a defect is not told at all', async (t) => {
  const errors = [
    new TeleportError('no-commit', 'there is none', { hint: 'git log' }),
    new TeleportError('usage', 'not like this'),
    new TeleportError('not-a-reader', 'not for you'),
    new TeleportError('git-failed', 'git failed'),
    new Error('at /home/ada/secret.ts'),
  ]
  const { ask, pass, defects } = await house(t, async () => {
    throw errors.shift()
  })
  const headers = await pass()
  const told = []
  for (let n = 0; n < 5; n += 1) told.push(await ask('/api/overview', { headers }))
  t.deepEqual(
    told.map(({ status }) => status),
    [404, 400, 403, 500, 500],
  )
  t.deepEqual(parseJson(told[0]?.body ?? ''), {
    error: { code: 'no-commit', message: 'there is none', hint: 'git log' },
  })
  t.notRegex(told[4]?.body ?? '', /secret/)
  t.is(defects.length, 1)
})

test('a question that nobody waits for is told so, and how it ends is no defect', async (t) => {
  let begun: () => void = () => undefined
  const isAsked = new Promise<void>((resolve) => {
    begun = resolve
  })
  let end: () => void = () => undefined
  const isOver = new Promise<void>((resolve) => {
    end = resolve
  })
  const { port, pass, ask, defects } = await house(t, async (question, signal) => {
    if (question.kind !== 'overview') return signal.aborted
    begun()
    try {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      throw new Error('cut off')
    } finally {
      end()
    }
  })
  const headers = await pass()
  const host = { Host: `127.0.0.1:${port}` }
  const asked = request({ host: '127.0.0.1', port, path: '/api/overview', headers: { ...host, ...headers } })
  asked.on('error', () => undefined)
  asked.end()
  await isAsked
  asked.destroy()
  await isOver
  t.is((await ask('/api/files', { headers })).body, 'false')
  t.deepEqual(defects, [])
})

test('events come while the page listens, and the watch ends with it', async (t) => {
  const { port, pass, left } = await house(t)
  const headers = { Host: `127.0.0.1:${port}`, ...(await pass()) }
  const first = await new Promise<string>((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: `/api/events?session=${session}`, headers })
    asked.on('response', (response) => {
      t.is(response.headers['content-type'], 'text/event-stream; charset=utf-8')
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk
        if (!text.includes('data: ')) return
        resolve(text)
        response.destroy()
      })
    })
    asked.end()
  })
  t.true(first.endsWith(`data: {"watching":"${session}"}\n\n`), first)
  await left
})

test('a port that is taken is said', async (t) => {
  const { port, served } = await house(t)
  const more = { document: page, assets: new Map(), random: (n: number) => randomBytes(n), ownUid: me }
  const answers = { answer: async () => null, watch: async () => undefined, onDefect: () => undefined }
  await t.throwsAsync(serve({ port, answers, ...more }), { message: `port ${port} is taken` })
  await served.close()
})
