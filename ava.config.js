// Everything: units, journeys between machines, real servers, the real client.
export default {
  files: ['build/test/**/*.test.js'],
  require: ['./build/test/support/seed.js'],
  timeout: '6m',
  // One more than the two processors of the machine that is planned for: tests wait for clients, terminals and servers.
  concurrency: 3,
  // Starting a program copies the page tables of whoever starts it: a fifth of the time, if all tests were one process.
  workerThreads: false,
}
