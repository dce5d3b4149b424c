// Everything: units, journeys between machines, real servers, the real client.
export default {
  files: ['build/test/**/*.test.js'],
  timeout: '6m',
}
