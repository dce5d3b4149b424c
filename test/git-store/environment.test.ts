import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import test from 'ava'
import { agentEnvironment, detachedEnvironment, scrubEnvironment } from '../../src/git-store/environment.ts'

const foreground = { background: false }

test('clears every variable that git itself calls local to a repository', async (t) => {
  const { stdout } = await promisify(execFile)('git', ['rev-parse', '--local-env-vars'])
  const names = stdout.split('\n').filter((name) => name !== '')
  t.true(names.includes('GIT_DIR'))
  const scrubbed = scrubEnvironment(Object.fromEntries(names.map((name) => [name, 'x'])), foreground)
  t.deepEqual(
    names.filter((name) => name in scrubbed),
    ['GIT_NO_REPLACE_OBJECTS'],
  )
  t.is(scrubbed['GIT_NO_REPLACE_OBJECTS'], '1')
})

test('clears what a hook, a trace or a half-made push leaves behind', (t) => {
  const left = {
    GIT_AUTHOR_DATE: '1 +0000',
    GIT_COMMITTER_NAME: 'x',
    GIT_CONFIG_KEY_0: 'a.b',
    GIT_CONFIG_VALUE_0: 'c',
    GIT_EDITOR: ':',
    GIT_QUARANTINE_PATH: '/tmp',
    GIT_TRACE: '1',
    GIT_TRACE2_EVENT: '/tmp/x',
    GIT_DEFAULT_HASH: 'sha256',
    git_dir: '/elsewhere',
  }
  const scrubbed = scrubEnvironment(left, foreground)
  t.deepEqual(
    Object.keys(left).filter((name) => name in scrubbed),
    [],
  )
})

test('keeps how the user reaches remotes and where their configuration is', (t) => {
  const kept = {
    PATH: '/bin',
    GIT_SSH_COMMAND: 'ssh -v',
    GIT_SSL_CAINFO: '/ca',
    GIT_HTTP_PROXY_AUTHMETHOD: 'basic',
    GIT_ASKPASS: '/bin/ask',
    GIT_CONFIG_GLOBAL: '/g',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ALLOW_PROTOCOL: 'https',
  }
  t.like(scrubEnvironment({ ...kept, UNSET: undefined }, foreground), kept)
})

test('in the background nothing can prompt, whatever the user has set', (t) => {
  const asking = { GIT_ASKPASS: '/bin/ask', SSH_ASKPASS: '/bin/ask', GIT_TERMINAL_PROMPT: '1' }
  t.like(scrubEnvironment(asking, { background: true }), {
    GIT_ASKPASS: 'false',
    SSH_ASKPASS: 'false',
    SSH_ASKPASS_REQUIRE: 'force',
    GIT_TERMINAL_PROMPT: '0',
  })
})

test('takes ext out of a list of protocols, and sets no list', (t) => {
  const allowing = (list: string) =>
    scrubEnvironment({ GIT_ALLOW_PROTOCOL: list }, foreground)['GIT_ALLOW_PROTOCOL']
  t.is(allowing('ext:https:ssh'), 'https:ssh')
  t.is(allowing('ext'), '')
  t.false('GIT_ALLOW_PROTOCOL' in scrubEnvironment({}, foreground))
})

test('remembers that settings of the command line were left out', (t) => {
  const mark = (env: Record<string, string>) =>
    scrubEnvironment(env, foreground)['GIT_TELEPORT_DROPPED_CONFIG']
  t.is(mark({ GIT_CONFIG_PARAMETERS: "'http.x'='y'" }), '1')
  t.is(mark({ GIT_CONFIG_COUNT: '1' }), '1')
  t.is(mark({ GIT_CONFIG_COUNT: '0' }), undefined)
})

test('a client that is started beside everything knows neither the session nor the hook around it', (t) => {
  const around = {
    CLAUDECODE: '1',
    CLAUDE_CODE_SESSION_ID: 'x',
    CLAUDE_CODE_MESSAGING_TOKEN: 'secret',
    CLAUDE_JOB_DIR: '/x',
    CLAUDE_PLUGIN_ROOT: '/x',
    GIT_DIR: '.git',
    GIT_INDEX_FILE: 'index',
    GIT_AUTHOR_NAME: 'whoever commits',
    GIT_AUTHOR_DATE: '1 +0000',
    GIT_CONFIG_PARAMETERS: "'a.b'='c'",
  }
  const kept = {
    CLAUDE_CONFIG_DIR: '/c',
    ANTHROPIC_API_KEY: 'k',
    GIT_SSH_COMMAND: 'ssh',
    HOME: '/h',
    LC_ALL: 'de',
  }
  t.deepEqual(agentEnvironment({ ...around, ...kept }), kept)
  const person = { GIT_AUTHOR_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.org' }
  t.deepEqual(agentEnvironment({ ...person, GIT_AUTHOR_DATE: 'x', UNSET: undefined }), person)
  const key = { GIT_TELEPORT_IDENTITY: 'AGE-SECRET-KEY-1' }
  t.deepEqual(agentEnvironment(key), {})
  t.deepEqual(detachedEnvironment(key), key)
})
