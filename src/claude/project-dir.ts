/** The name of a project's folder below `<config>/projects`. Pure. */

/** Longer names are cut here and get a hash of the whole path. */
export const longestPlainName = 200

/** Each UTF-16 unit that is no ASCII letter or digit becomes a dash: lossy, so never decode it. */
export function encodeProjectPath(realPath: string): string {
  return realPath.normalize('NFC').replace(/[^A-Za-z0-9]/g, '-')
}

/** What the client calls the folder of a launch folder. `realPath` must have gone through realpath already. */
export function projectDirName(realPath: string): string {
  const encoded = encodeProjectPath(realPath)
  if (encoded.length <= longestPlainName) return encoded
  return `${encoded.slice(0, longestPlainName)}-${pathHash(realPath.normalize('NFC'))}`
}

function pathHash(text: string): string {
  let hash = 0
  for (let index = 0; index < text.length; index++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0
  }
  return Math.abs(hash).toString(36)
}
