/** The scripts and styles of our pages, as the build has made them. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { TeleportError } from '../errors.ts'
import type { HtmlAssets } from '../review/html.ts'

/** Throws `failed` where the program is not whole. */
export async function readAssets(script: 'document' | 'document-locked'): Promise<HtmlAssets> {
  const [code, style] = await Promise.all([readAsset(`${script}.js`), readAsset('document-style.css')])
  return { script: code, style, scriptDigest: digestOf(code), styleDigest: digestOf(style) }
}

async function readAsset(name: string): Promise<string> {
  return (await readWebFile(name)).toString('utf8').trim()
}

/** Throws `failed` where the program is not whole. */
export async function readWebFile(name: string): Promise<Buffer> {
  const file = path.join(webFolder(), name)
  return readFile(file).catch((cause: unknown) => {
    throw new TeleportError('failed', `${file}, a part of git-teleport, cannot be read`, {
      hint: 'install git-teleport again',
      cause,
    })
  })
}

/** Beside the program, which may lie in `dist/chunks`, in `dist`, or compiled one to one in `build/src/cmd`. */
function webFolder(): string {
  const here = import.meta.dirname
  if (path.basename(here) === 'cmd') return path.resolve(here, '../../../dist/web')
  return path.resolve(path.basename(here) === 'chunks' ? path.dirname(here) : here, 'web')
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
