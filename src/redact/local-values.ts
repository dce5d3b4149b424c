/** Gathers the secrets that this machine is known to hold, to be found wherever they turn up in a session. Read only. */

import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { entropy } from './entropy.ts'
import { isTelling } from './known-values.ts'
import { isPlaceholder } from './placeholder.ts'

/** Where to look. */
export interface LocalPlaces {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute. */
  readonly home: string
  /** Folders of the project whose `.env*` and `.npmrc` count: the work tree's top, and the launch folder. Absolute. */
  readonly folders: readonly string[]
}

const largestFileBytes = 1024 * 1024
const mostFiles = 40

/**
 * Values of `.env*` files, of environment variables with a telling name, and of `.npmrc`, `.netrc` and AWS credentials. What
 * is not there or cannot be read is left out.
 */
export async function collectKnownValues(places: LocalPlaces): Promise<ReadonlySet<string>> {
  const { env, home } = places
  const folders = [...new Set(places.folders)]
  const [dotenv, npm, netrc, aws] = await Promise.all([
    readAll((await Promise.all(folders.map(envFilesIn))).flat()),
    readAll([env['NPM_CONFIG_USERCONFIG'] ?? path.join(home, '.npmrc'), ...inEach(folders, '.npmrc')]),
    readAll([env['NETRC'] ?? path.join(home, '.netrc'), path.join(home, '_netrc')]),
    readAll([env['AWS_SHARED_CREDENTIALS_FILE'] ?? path.join(home, '.aws/credentials')]),
  ])
  return new Set([
    ...Object.entries(env).flatMap(([name, value]) => secretOf(name, value ?? '', namesSecret(name))),
    ...dotenv.flatMap(assignments).flatMap(([name, value]) => secretOf(name, value, true)),
    ...npm.flatMap(npmSecrets),
    ...netrc.flatMap(netrcPasswords),
    ...aws.flatMap(assignments).flatMap(([name, value]) => secretOf(name, value, namesSecret(name))),
  ])
}

const inEach = (folders: readonly string[], name: string) => folders.map((folder) => path.join(folder, name))

/** Not the ones that are written to be shared. */
async function envFilesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => /^\.env(?:\.|$)|^\.envrc$|^\.dev\.vars$/.test(name))
    .filter((name) => !/example|sample|template|dist$|defaults?$/i.test(name))
    .slice(0, mostFiles)
    .map((name) => path.join(folder, name))
}

async function readAll(files: readonly string[]): Promise<readonly string[]> {
  const texts = await Promise.all([...new Set(files)].map(readSmall))
  return texts.filter((text) => text !== '')
}

async function readSmall(file: string): Promise<string> {
  try {
    const { size } = await stat(file)
    return size <= largestFileBytes ? await readFile(file, 'utf8') : ''
  } catch {
    return ''
  }
}

/** `NAME=value` lines, with `export`, quotes and comments as shells and dotenv have them. */
function assignments(text: string): readonly (readonly [string, string])[] {
  const line =
    /^[ \t]*(?:export[ \t]+)?([\w.-]{1,200})[ \t]*[=:][ \t]*(?:"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'|`([^`]*)`|([^\r\n]*))/gm
  return [...text.matchAll(line)].map(([, name = '', double, single, tick, bare = '']) => {
    const quoted = double?.replace(/\\n/g, '\n').replace(/\\(.)/gs, '$1') ?? single ?? tick
    return [name, quoted ?? bare.replace(/[ \t]+#.*$/, '').trim()]
  })
}

const nameOfSecret =
  /pass(?:w(?:or)?d|phrase|code)?$|pwd|secret|token|credential|api[_-]?key|private[_-]?key|access[_-]?key|auth[_-]?key|encryption[_-]?key|signing[_-]?key|(?:^|[_-])(?:key|auth|pat|jwt|dsn)$/i
/** Of things around a secret, which are none. */
const nameOfOther =
  /_(?:file|path|dir|url|uri|host|port|user|username|name|id|type|ttl|expiry|expires|region|enabled|limit|count)$|sock$|^(?:pwd|oldpwd)$|publishable|public/i

function namesSecret(name: string): boolean {
  return nameOfSecret.test(name) && !nameOfOther.test(name)
}

/** A password within an address counts wherever it stands; `anyName` takes random values under names that say nothing, too. */
function secretOf(name: string, value: string, anyName: boolean): readonly string[] {
  const inAddress = /^[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:([^\s/@]+)@/i.exec(value)?.[1]
  const found = inAddress === undefined ? [] : [inAddress, safelyDecoded(inAddress)]
  if (anyName && (namesSecret(name) || looksRandom(value)) && !isPath(value)) found.push(value)
  return found.filter((one) => isTelling(one) && !isPlaceholder(one))
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const looksRandom = (value: string) =>
  value.length >= 16 &&
  /^\S+$/.test(value) &&
  !/[:/]/.test(value) &&
  /\d/.test(value) &&
  /[a-z]/i.test(value) &&
  entropy(value) > 3.3

const isPath = (value: string) => /^(?:\.{0,2}\/|~\/|[A-Za-z]:\\)/.test(value)

/** `//host/:_authToken=…`, `_password=…`. */
function npmSecrets(text: string): readonly string[] {
  const found = [
    ...text.matchAll(/^[^#;\r\n]*?_(?:authToken|auth|password)[ \t]*=[ \t]*"?([^"\r\n]+?)"?[ \t]*$/gm),
  ]
  return found.flatMap(([, value = '']) => (isTelling(value) && !isPlaceholder(value) ? [value] : []))
}

function netrcPasswords(text: string): readonly string[] {
  const found = [...text.matchAll(/\bpassword\s+("[^"]+"|\S+)/g)].map(([, value = '']) =>
    value.replace(/^"|"$/g, ''),
  )
  return found.filter((value) => isTelling(value) && !isPlaceholder(value))
}
