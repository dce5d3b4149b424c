/** Which strings of a row are looked past: ids, times, signatures and images, of which a changed character breaks the row. Pure. */

/** Keys of conversation rows whose values name other rows, or say when. Anything may stand under them, so values are judged too. */
const idKey =
  /^(?:.*(?:uuid|Uuid|UUID)|(?:.*[a-z_])?(?:id|Id|ID)|ids|timestamp|.*(?:Timestamp|_at|At|Time)|version|type|subtype|role|model)$/
const secretKey = /key|token|secret|pass|auth|cred/i
/** `toolu_…`, `msg_…`, UUIDs, numbers, times, file names of checkpoints. */
const idValue =
  /^(?:[a-z]{2,12}_[A-Za-z0-9]{8,40}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{7,16}|\d{4}-\d\d-\d\dT[\d:.]+Z?|[\w.:@-]{1,24})$/
const ownPrefix = /^(?:toolu|srvtoolu|msg|req|mcptoolu|agent|prompt|task|file|hook|bash|call|chatcmpl|resp)_/

/** Base64 that the API wrote and checks; opaque to everyone else. */
const opaqueKeys = new Set(['signature', 'thinkingSignature', 'encrypted_content', 'encryptedContent'])
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/
/** PNG, JPEG, GIF, WebP, PDF. */
const imageStart = /^(?:iVBORw0KGgo|\/9j\/|R0lGOD|UklGR|JVBERi0)/

/** `key` and `value` as they are written. */
export function isOpaque(key: string, value: string): boolean {
  if (opaqueKeys.has(key)) return base64.test(value)
  if (value.length <= 64) return isId(key, value)
  return imageStart.test(value) && base64.test(value)
}

function isId(key: string, value: string): boolean {
  if (!namesId(key) || !idValue.test(value)) return false
  const hasPrefix = /^[a-z]{2,12}_[A-Za-z0-9]{8,}$/.test(value)
  return !hasPrefix || ownPrefix.test(value)
}

/** Whether a short value under this key is looked at together with the key: `password`, `apiKey`, `auth_token`. */
export const namesSecret = remembered(
  (key) => secretKey.test(key) && key.length <= 80 && /^[\w .-]+$/.test(key),
)

const namesId = remembered((key) => idKey.test(key) && !secretKey.test(key))

/** Rows have few keys, and again and again the same. */
function remembered(test: (key: string) => boolean): (key: string) => boolean {
  const known = new Map<string, boolean>()
  return (key) => {
    const before = known.get(key)
    if (before !== undefined) return before
    const now = test(key)
    if (known.size < 1000) known.set(key, now)
    return now
  }
}
