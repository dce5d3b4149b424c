// Everything: units, journeys between machines, real servers, the real client.
export default {
  files: ['build/test/**/*.test.js'],
  timeout: '6m',
  // One more than the two processors of the machine that is planned for: tests wait for clients, terminals and servers.
  concurrency: 3,
}
