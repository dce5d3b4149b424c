/** The kit itself: machines share nothing, servers ask who is there, screens can be read. */

import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { replyTo, scriptedPrompt } from './api-script.ts'
import { startApiStandIn } from './api-stand-in.ts'
import { accessibilityViolations, startBrowser } from './browser.ts'
import { startHttpRemote } from './http-remote.ts'
import { parseJson, stringAt } from './json.ts'
import { checkout, type Machine, makeSandbox } from './sandbox.ts'
import { startSshRemote } from './sshd.ts'
import { startOnScreen } from './tmux.ts'
import { needTool } from './tools.ts'

test('two machines meet only on the remote', async (t) => {
  const sandbox = await makeSandbox(t)
  const [laptop, desktop] = [await sandbox.machine('laptop'), await sandbox.machine('desktop')]
  const remote = await sandbox.bareRemote()
  const here = await checkout(laptop, remote, 'work/project')
  const there = await checkout(desktop, remote, 'src/the-project')
  t.is(await laptop.git(here, 'rev-parse', 'HEAD'), await desktop.git(there, 'rev-parse', 'HEAD'))
  t.is(await desktop.git(there, 'config', 'user.email'), 'desktop@example.org')
  const outside = Object.keys(process.env).filter((name) => /^(CLAUDE|ANTHROPIC|GIT_)/.test(name))
  const seen = (await laptop.run('env', [])).stdout
  for (const name of outside)
    if (name !== 'GIT_CONFIG_NOSYSTEM') t.notRegex(seen, new RegExp(`^${name}=`, 'm'))
  for (const line of seen.split('\n').filter((text) => /^(HOME|XDG_|TMPDIR)/.test(text))) {
    t.true(line.split('=')[1]?.startsWith(laptop.folder), line)
  }
})

const goesOn = async (t: { is(a: unknown, b: unknown): boolean }, machine: Machine, url: string) => {
  const top = await checkout(machine, url, 'project')
  await machine.git(top, 'push', '--quiet', '--atomic', 'origin', 'HEAD:refs/teleport/sessions/x')
  const listed = await machine.git(top, 'ls-remote', 'origin', 'refs/teleport/*')
  t.is(listed, `${await machine.git(top, 'rev-parse', 'HEAD')}\trefs/teleport/sessions/x`)
}

test('a host over HTTP takes pushes from those who know the password', async (t) => {
  const sandbox = await makeSandbox(t)
  const [ada, eve] = [await sandbox.machine('ada'), await sandbox.machine('eve')]
  await sandbox.bareRemote()
  const host = await startHttpRemote(sandbox.folder)
  t.teardown(host.close)
  await host.allow(ada)
  await goesOn(t, ada, host.url('remote.git'))
  const env = { GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: 'false' }
  t.not((await eve.run('git', ['ls-remote', host.url('remote.git')], { env })).exitCode, 0)
  t.true(host.requests.some((request) => request.endsWith(' 401')))
})

test('a host over SSH takes pushes from those whose key it has', async (t) => {
  if (!needTool(t, 'sshd') || !needTool(t, 'ssh')) return
  const sandbox = await makeSandbox(t)
  const [ada, eve] = [await sandbox.machine('ada'), await sandbox.machine('eve')]
  const remote = await sandbox.bareRemote()
  const host = await startSshRemote(sandbox)
  t.teardown(host.close)
  await host.allow(ada)
  await goesOn(t, ada, host.url(remote))
  const env = { GIT_SSH_COMMAND: 'ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=no' }
  t.not((await eve.run('git', ['ls-remote', host.url(remote)], { env })).exitCode, 0)
})

test('a program on a screen is typed at and read', async (t) => {
  if (!needTool(t, 'tmux')) return
  const ada = await (await makeSandbox(t)).machine('ada')
  const script = path.join(ada.home, 'ask.sh')
  await writeFile(script, 'printf "name? "; read -r name; echo "hello $name"; exit 3\n')
  const screen = await startOnScreen(ada, ['sh', script], { cwd: ada.home })
  t.teardown(screen.close)
  await screen.waitFor(/name\?/)
  await screen.type("O'Hara; -x")
  await screen.press('Enter')
  await screen.waitFor(/^hello O'Hara; -x$/m)
  t.is(await screen.waitForEnd(), 3)
  await t.throwsAsync(screen.waitFor(/never/, 300), { message: /it shows:\n[\s\S]*hello/ })
})

test('the prompt tells the stand-in which tools to call', async (t) => {
  const api = await startApiStandIn()
  t.teardown(api.close)
  const prompt = scriptedPrompt('go on', [[{ name: 'Read', input: { file_path: '/a' } }]])
  const ask = async (messages: readonly unknown[]) => {
    const body = JSON.stringify({ model: 'm', messages })
    const response = await fetch(`${api.url}/v1/messages?beta=true`, { method: 'POST', body })
    return parseJson(await response.text())
  }
  const user = {
    role: 'user',
    content: [
      { type: 'text', text: '<system-reminder>x</system-reminder>' },
      { type: 'text', text: prompt },
    ],
  }
  const first = await ask([user])
  t.is(stringAt(first, 'stop_reason'), 'tool_use')
  const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: '1', content: 'text' }] }
  t.deepEqual(replyTo({ messages: [user, { role: 'assistant', content: [] }, result] }), [
    { type: 'text', text: 'Understood: go on' },
  ])
  t.is(api.requests.length, 1)
  const streamed = await fetch(`${api.url}/v1/messages`, {
    method: 'POST',
    body: JSON.stringify({ stream: true, messages: [user] }),
  })
  t.regex(await streamed.text(), /event: message_start[\s\S]*input_json_delta[\s\S]*event: message_stop/)
})

test('the browser of the kit lets nothing out and remembers what was tried', async (t) => {
  const browser = await startBrowser(t)
  if (!browser) return
  t.teardown(browser.close)
  const sandbox = await makeSandbox(t)
  const file = path.join(sandbox.folder, 'bad.html')
  await writeFile(
    file,
    '<img src="http://tracker.example/x.png"><script>alert("boo"); throw new Error("thrown")</script>',
  )
  const { page, misdeeds } = await browser.open(pathToFileURL(file).href)
  t.deepEqual(misdeeds.requests, ['http://tracker.example/x.png'])
  t.deepEqual(misdeeds.dialogs, ['alert: boo'])
  t.true(misdeeds.errors.some((error) => error.includes('thrown')))
  t.true((await accessibilityViolations(page)).some((each) => each.startsWith('image-alt: img')))
})
