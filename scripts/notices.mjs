/** Writes down whose code is in the bundle and under which licence, from esbuild's own account of it. */

import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'

/** Licences that let their code travel inside an MIT program when it is named. Others stop the build. */
const allowed = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'Unlicense',
  'Zlib',
])

/**
 * The text of THIRD-PARTY-NOTICES.md: every package that gave the bundle at least one byte.
 * Throws when one has a licence that nobody has allowed.
 */
export async function collectNotices(metafile, root) {
  const folders = [...new Set(bundledInputs(metafile).flatMap(packageFolder))]
  const packages = await Promise.all(folders.map((folder) => readPackage(path.resolve(root, folder))))
  const sorted = packages.sort((a, b) => (key(a) < key(b) ? -1 : 1))
  const parts = [...sorted.map((one) => formatPackage(one, sorted)), ...(await copiedParts(metafile, root))]
  return `${introduction}\n${parts.join('\n')}`
}

/** Sources of ours that hold others' work, and the file beside them that says whose: two headings deep, terms in fences. */
const copied = { 'src/redact/rules.generated.ts': 'src/redact/LICENCES.md' }

async function copiedParts(metafile, root) {
  const inputs = new Set(bundledInputs(metafile))
  const files = Object.entries(copied).flatMap(([source, licences]) => (inputs.has(source) ? [licences] : []))
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(path.resolve(root, file), 'utf8')
      const indented = text.replace(/^```\n([\s\S]*?)^```\n/gm, (_, terms) =>
        terms.replace(/^(?=.)/gm, '    '),
      )
      return indented.slice(indented.indexOf('## ')).replace(/^From: /gm, '- Licence: MIT\n- From: ')
    }),
  )
}

const key = ({ name, version }) => `${name} ${version}`

const introduction = `# Third-party notices

git-teleport's program files contain code of the packages below, each under its own licence.
`

function bundledInputs(metafile) {
  return Object.values(metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  )
}

/** `node_modules/a/node_modules/@b/c/lib/x.js` → `node_modules/a/node_modules/@b/c`. */
function packageFolder(file) {
  const match = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file.replaceAll('\\', '/'))
  return match ? [match[0]] : []
}

async function readPackage(folder) {
  const { name, version, license, author, repository } = JSON.parse(
    await readFile(path.join(folder, 'package.json'), 'utf8'),
  )
  if (!isAllowed(license))
    throw new Error(`${name} ${version} has the licence ${license}: see scripts/notices.mjs`)
  const texts = await readLicenceTexts(folder)
  return { name, version, license, author, repository, texts }
}

/** Understands the plain expressions that packages use: `MIT`, `(MIT AND BSD-3-Clause)`, `MIT OR Apache-2.0`. */
function isAllowed(license) {
  const parts = String(license).replace(/[()]/g, '').split(' AND ')
  return parts.every((part) => part.split(' OR ').some((name) => allowed.has(name)))
}

async function readLicenceTexts(folder) {
  const names = (await readdir(folder))
    .filter((name) => /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i.test(name))
    .sort()
  return Promise.all(names.map(async (name) => (await readFile(path.join(folder, name), 'utf8')).trim()))
}

function formatPackage({ name, version, license, author, repository, texts }, packages) {
  const by = typeof author === 'string' ? author : author?.name
  const from = typeof repository === 'string' ? repository : repository?.url
  const facts = [`Licence: ${license}`, by && `By: ${by}`, from && `From: ${from}`].filter(Boolean)
  const quoted = texts.map((text) => `\n${text.replace(/\r\n/g, '\n').replace(/^(?=.)/gm, '    ')}\n`)
  const terms = texts.length > 0 ? quoted.join('') : `\n${pointToSameLicence(name, license, packages)}\n`
  return `## ${name} ${version}\n\n${facts.map((fact) => `- ${fact}`).join('\n')}\n${terms}`
}

/** A few packages name their licence and forget its text. */
function pointToSameLicence(name, license, packages) {
  const other = packages.find((one) => one.license === license && one.texts.length > 0)
  if (!other)
    throw new Error(`${name} brings no text of its licence, ${license}, and neither does another package`)
  return `The package brings no text of its licence; the terms are those under ${other.name}, the copyright its authors'.`
}
