/**
 * `npm run build`: bundles the program with everything it needs into dist/ and writes THIRD-PARTY-NOTICES.md.
 * `--out <folder>` writes both there instead. The package then has no dependencies and nothing to run at install.
 */

import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { build, transform } from 'esbuild'
import { bundleTypes } from './bundle-types.mjs'
import { collectNotices } from './notices.mjs'

const root = path.resolve(import.meta.dirname, '..')
const { values } = parseArgs({ options: { out: { type: 'string', default: root } } })
const out = path.resolve(values.out)

// CommonJS packages inside ES modules still call `require` for Node's own modules.
const requireForCommonJs =
  "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);"

const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))
const define = { GIT_TELEPORT_VERSION: JSON.stringify(version) }
await rm(path.join(out, 'dist'), { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/main.ts', index: 'src/index.ts', 'agent-sdk': 'src/agent-sdk.ts' },
  outdir: path.join(out, 'dist'),
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // Names stay whole, for the stack traces in bug reports.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
  // The ES module forms, which can be cut down to what is used and whose parts the notices can see.
  resolveExtensions: ['.ts', '.mjs', '.js', '.json'],
  alias: { 'isomorphic-git': './node_modules/isomorphic-git/index.js' },
  banner: { js: requireForCommonJs },
  define,
})
const web = await buildWeb()
const source = await readFile(path.join(root, 'src/program.cts'), 'utf8')
const program = await transform(source, { loader: 'ts', target: 'node20.19', minifySyntax: true, define })
const entry = path.join(out, 'dist/git-teleport.cjs')
await writeFile(entry, program.code.replace('./main.ts', './main.js'))
await chmod(entry, 0o755)
await writeTypes(['index', 'agent-sdk'])
const bundled = { outputs: { ...metafile.outputs, ...web.outputs } }
await writeFile(path.join(out, 'THIRD-PARTY-NOTICES.md'), await collectNotices(bundled, root))

/** What runs in a browser: scripts and styles that stand within one page each, whole. */
async function buildWeb() {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      document: 'src/web/document.tsx',
      'document-locked': 'src/web/document-locked.tsx',
      'document-style': 'src/web/style/document.css',
    },
    outdir: path.join(out, 'dist/web'),
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  for (const name of ['document', 'document-locked']) {
    const file = path.join(out, `dist/web/${name}.js`)
    // In a page, these would turn what follows into a comment; in strings and patterns the other form says the same.
    await writeFile(file, (await readFile(file, 'utf8')).replace(/<(?=!--|\/?script)/gi, '\\x3c'))
  }
  return metafile
}

/** One file of types for each entry of the library. Checking the program is `npm run compile`'s part. */
async function writeTypes(entries) {
  const declared = await mkdtemp(path.join(os.tmpdir(), 'git-teleport-types-'))
  try {
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    const entry = entries.map((name) => `src/${name}.ts`)
    const project = path.join(declared, 'tsconfig.json')
    const compilerOptions = {
      emitDeclarationOnly: true,
      declarationMap: false,
      rootDir: root,
      outDir: declared,
      noCheck: true,
      typeRoots: [path.join(root, 'node_modules/@types')],
    }
    await writeFile(
      project,
      JSON.stringify({
        extends: path.join(root, 'tsconfig.json'),
        compilerOptions,
        include: [],
        files: entry.map((name) => path.join(root, name)),
      }),
    )
    await promisify(execFile)(process.execPath, [tsc, '--project', project])
    for (const name of entries) {
      const declaration = (of) => path.join(declared, `src/${of}.d.ts`)
      const types = bundleTypes(declaration(name), name === 'index' ? undefined : declaration('index'))
      await writeFile(path.join(out, `dist/${name}.d.ts`), types)
    }
  } finally {
    await rm(declared, { recursive: true, force: true })
  }
}
