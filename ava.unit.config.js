// The fast half: units and properties, one folder of tests for each folder of sources.
export default {
  files: ['build/test/{architecture,bundle,claude,cmd,core,crypto,git-store,review,trust,demo}/**/*.test.js'],
  timeout: '2m',
}
