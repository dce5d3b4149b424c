/** What is used of a package that has no types of its own. */
declare module 'bcrypt-pbkdf' {
  /** Fills `key`; returns other than 0 for parameters that it does not take, such as an empty passphrase. */
  function pbkdf(
    passphrase: Uint8Array,
    passphraseLength: number,
    salt: Uint8Array,
    saltLength: number,
    key: Uint8Array,
    keyLength: number,
    rounds: number,
  ): number
  const exports: { readonly pbkdf: typeof pbkdf }
  export = exports
}
