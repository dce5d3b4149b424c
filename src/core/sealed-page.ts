/** Encryption of a page under a passphrase, for the commands that write pages. */

export { type PassphraseSeal, sealStreamWithPassphrase } from '../crypto/passphrase-stream.ts'
