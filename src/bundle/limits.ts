/** How much a bundle may ask of the machine that reads it. Pure. */

export interface Limits {
  /** Plain bytes of all segments together, and of one archive. */
  readonly maxBytes: number
  /** Rows of one segment's table, and files of one archive. */
  readonly maxPieces: number
  /** Plain bytes of the manifest; its encoded form may not be larger either. */
  readonly maxManifestBytes: number
}

export const defaultLimits: Limits = {
  maxBytes: 2 * 1024 ** 3,
  maxPieces: 100_000,
  maxManifestBytes: 4 * 1024 ** 2,
}
