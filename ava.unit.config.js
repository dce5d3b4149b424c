// The fast half: units and properties. `*.live.test.ts` beside them run real programs, kill processes, wait for locks.
export default {
  files: [
    'build/test/{architecture,bundle,claude,cmd,core,crypto,git-store,review,trust,demo}/**/*.test.js',
    '!build/test/**/*.live.test.js',
  ],
  timeout: '2m',
}
