#!/usr/bin/env node
/**
 * The file that Node is given: answers `--version` itself, else loads src/main.ts. CommonJS, because Node gets its
 * loader of ES modules going only when one is asked for, which costs a tenth of a bare start.
 */

/** Put in by the build; not there when the compiled sources run as they are. */
declare const GIT_TELEPORT_VERSION: string | undefined

const [, , flag, ...more] = process.argv
if ((flag === '--version' || flag === '-v') && more.length === 0) {
  const version = typeof GIT_TELEPORT_VERSION === 'string' ? GIT_TELEPORT_VERSION : '0.0.0-unbuilt'
  process.getBuiltinModule('node:fs').writeSync(1, `git-teleport ${version}\n`)
} else {
  void import('./main.ts')
}
