/** Rules for what the imported sets leave out: secrets in addresses, assignments, headers and command lines. Pure. */

import { entropy } from './entropy.ts'
import { isPlaceholder, looksLikeCode } from './placeholder.ts'
import type { Rule } from './rule.ts'

const isValue = (secret: string) => !isPlaceholder(secret) && !looksLikeCode(secret)
const isReal = (secret: string) => !isPlaceholder(secret)
const looksRandom = (secret: string) => isReal(secret) && /\d/.test(secret) && entropy(secret) > 3

/** Quotes may be escaped: text holds JSON that holds text. */
const quote = `\\\\{0,3}["']`
const assign = `[ \\t]{0,4}(?:=>|:=|[:=])[ \\t]{0,4}`
const secretName = `(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|api[_-]?key|private[_-]?key|access[_-]?key|auth[_-]?key)`
/** Between two lines of Base64, also where they are quoted, indented or within JSON; and a line of it. */
const gap = `(?:\\\\{1,3}[nr]|[\\s>+|"',]){1,40}`
const run = `[A-Za-z0-9+/=_-]{24,200}`
const secretWords = ['pass', 'pwd', 'secret', 'token', 'credential', 'key']

export const ownRules: readonly Rule[] = [
  {
    id: 'url-password',
    keywords: ['://'],
    source: `\\b[a-z][a-z0-9+.-]{1,20}://[^\\s/?#:@"'<>\\\\\`]{0,100}:([^\\s/?#@"'<>\\\\\`]{3,200})@[^\\s@/]`,
    flags: 'i',
    near: { before: 24, after: 308 },
    judge: (secret) => isReal(secret) && !/^(?:pass(?:word|wd)?|pwd|secret|port)$/i.test(secret),
  },
  {
    id: 'url-token',
    keywords: ['://'],
    source: `\\bhttps?://([A-Za-z0-9_.~%-]{20,200})@[a-z0-9]`,
    flags: 'i',
    near: { before: 8, after: 205 },
    judge: looksRandom,
  },
  {
    id: 'env-assignment',
    keywords: [
      'password',
      'passwd',
      'passphrase',
      'pwd',
      'secret',
      'token',
      'key',
      'credential',
      '_pass',
      '_auth',
    ],
    source: `\\b[A-Z][A-Z0-9_]{0,60}(?:(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRET|TOKEN|KEY|CREDENTIALS?|_PASS|_AUTH)[A-Z0-9_]{0,30})=${`(?:${quote})?`}([^\\s"'\`\\\\;|<>()]{6,1000})`,
    flags: '',
    near: { before: 73, after: 1050, assigns: 40 },
    judge: isValue,
  },
  {
    id: 'keyed-password',
    keywords: secretWords,
    source: `[\\w.-]{0,40}${secretName}(?:${quote})?${assign}${quote}([^\\s"'\\\\\`]{6,200})${quote}`,
    flags: 'i',
    near: { before: 60, after: 250, assigns: 40 },
    judge: isValue,
  },
  {
    id: 'keyed-password',
    keywords: secretWords,
    source: `(?:^|[\\n{,;]|\\\\n)[ \\t-]{0,40}(?:export )?[\\w.-]{0,40}${secretName}[ \\t]{0,4}[:=][ \\t]{0,4}([^\\s"'\`\\\\,;#<>(){}[\\]]{8,200})(?=[ \\t]*(?:$|[\\r\\n#,;}]|\\\\[rn]))`,
    flags: 'i',
    near: { before: 120, after: 260, assigns: 40 },
    judge: (secret) =>
      isValue(secret) && /\d/.test(secret) && /[^\d.:_-]/.test(secret) && entropy(secret) > 2.5,
  },
  {
    id: 'session-cookie',
    keywords: ['cookie'],
    source: `\\b(?:set-)?cookie(?:${quote})?[ \\t]{0,4}[:=][ \\t]{0,4}(?:${quote})?[^\\n\\r"']{0,1000}?\\b(?:[\\w.-]{0,30}(?:sess(?:ion)?(?:[_.-]?id)?|sid|auth|token|jwt|remember)[\\w.-]{0,20})=([^\\s;"',\\\\]{12,2000})`,
    flags: 'i',
    near: { before: 10, after: 3100, assigns: 10 },
    judge: isReal,
  },
  {
    id: 'session-cookie',
    keywords: [
      'phpsessid=',
      'jsessionid=',
      'connect.sid=',
      'sessionid=',
      '_session=',
      '__secure-',
      '__host-',
    ],
    source: `(?:PHPSESSID|JSESSIONID|connect\\.sid|sessionid|[a-z]{1,30}_session|__(?:Secure|Host)-[\\w.-]{1,40})=([^\\s;"',\\\\&]{16,2000})`,
    flags: 'i',
    near: { before: 44, after: 2050 },
    judge: looksRandom,
  },
  {
    id: 'bearer-token',
    keywords: ['bearer'],
    source: `\\bBearer[ \\t]{1,4}([A-Za-z0-9._~+/-]{16,2000}={0,2})`,
    flags: 'i',
    near: { before: 6, after: 2020 },
    judge: looksRandom,
  },
  {
    id: 'basic-auth',
    keywords: ['basic'],
    source: `\\bBasic[ \\t]{1,4}([A-Za-z0-9+/]{8,400}={0,2})(?![A-Za-z0-9+/=])`,
    flags: 'i',
    near: { before: 5, after: 412 },
    judge: holdsUserAndPassword,
  },
  {
    id: 'docker-auth',
    keywords: ['"auth', "'auth", '_auth'],
    source: `(?:["']auth\\\\{0,3}["']|_auth)[ \\t]{0,4}[:=][ \\t]{0,4}(?:${quote})?([A-Za-z0-9+/]{8,400}={0,2})(?![A-Za-z0-9+/=])`,
    flags: '',
    near: { before: 5, after: 430 },
    judge: holdsUserAndPassword,
  },
  {
    id: 'anthropic-key',
    keywords: ['sk-ant-'],
    source: `\\bsk-ant-[a-z0-9]{2,12}-[A-Za-z0-9_-]{16,200}`,
    flags: '',
    near: { before: 7, after: 222 },
    judge: isReal,
  },
  {
    id: 'sourcegraph-token',
    keywords: ['sgp_'],
    source: `\\bsgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40}\\b`,
    flags: '',
    near: { before: 4, after: 62 },
  },
  {
    id: 'telegram-bot-token',
    keywords: [':aa'],
    source: `(?:\\b|bot)\\d{8,12}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])`,
    flags: '',
    near: { before: 18, after: 38 },
  },
  {
    id: 'bcrypt-hash',
    keywords: ['$2a$', '$2b$', '$2x$', '$2y$'],
    source: `\\$2[abxy]\\$\\d\\d\\$[./A-Za-z0-9]{53}`,
    flags: '',
    near: { before: 4, after: 60 },
  },
  {
    id: 'sshpass-password',
    keywords: ['sshpass'],
    source: `\\bsshpass[ \\t]+(?:-[vP]\\S*[ \\t]+\\S{0,40}[ \\t]*)?-p[ \\t]{0,4}((?:\\\\{0,3}"[^"\\n\\\\]{3,200}\\\\{0,3}"|'[^'\\n]{3,200}'|[^\\s"'\\\\]{3,200}))`,
    flags: '',
    near: { before: 7, after: 500, open: true },
    judge: isReal,
  },
  {
    id: 'curl-user',
    keywords: ['curl', 'wget'],
    source: `\\b(?:curl|wget)\\b(?:[^\\n\\\\]|\\\\[^]){0,400}?[ \\t](?:-u|--user|-U|--proxy-user)[ =]?[ \\t]{0,4}\\\\{0,3}["']?[^\\s:"'\\\\]{0,100}:([^\\s"'\\\\]{3,200})`,
    flags: '',
    near: { before: 4, after: 1130 },
    judge: isReal,
  },
  {
    id: 'client-password',
    keywords: ['mysql', 'mariadb', 'redis-cli', 'mongo', '--password'],
    source: `\\b(?:mysql(?:dump|admin)?\\b[^\\n|;]{0,200}?[ \\t]-p|mariadb(?:-dump)?\\b[^\\n|;]{0,200}?[ \\t]-p|redis-cli\\b[^\\n|;]{0,200}?[ \\t]-a[ \\t]{1,4}|mongo(?:sh|dump)?\\b[^\\n|;]{0,200}?[ \\t]-p[ \\t]{1,4})\\\\{0,3}["']?([^\\s"'\\\\;|-][^\\s"'\\\\;|]{5,100})`,
    flags: '',
    near: { before: 9, after: 330 },
    judge: (secret) => isValue(secret),
  },
  {
    id: 'netrc-password',
    keywords: ['login'],
    source: `\\bmachine[ \\t]+\\S{1,200}\\s+login[ \\t]+\\S{1,200}\\s+password[ \\t]+(\\S{3,400})`,
    flags: '',
    near: { before: 240, after: 900, open: true },
    judge: isReal,
  },
  {
    id: 'age-secret-key',
    keywords: ['age-secret-key-'],
    source: `AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{40,2000}`,
    flags: 'i',
    near: { before: 15, after: 2020 },
  },
  {
    id: 'private-key-part',
    keywords: ['-----begin'],
    source: `-----BEGIN[ A-Z0-9_-]{0,40}PRIVATE KEY(?: BLOCK)?-----[^]{0,200}?${run}(?:${gap}${run})*(?:${gap}[A-Za-z0-9+/]{1,63}={0,2})?(?:${gap}-----END[ A-Z0-9_-]{0,60}-----)?`,
    flags: '',
    near: { before: 10, after: 8192, open: true },
  },
  {
    id: 'base64-private-key',
    keywords: ['ls0tls1crudjti'],
    source: `LS0tLS1CRUdJTi[A-Za-z0-9+/=_-]{60,}(?:(?:\\\\{1,3}[nr]|\\s){1,4}[A-Za-z0-9+/=_-]{4,}){0,200}`,
    flags: '',
    near: { before: 14, after: 4096, open: true },
    judge: (secret) => Buffer.from(secret.slice(0, 120), 'base64').includes('PRIVATE KEY'),
  },
]

/** Base64 of `user:password`. */
function holdsUserAndPassword(secret: string): boolean {
  const plain = Buffer.from(secret, 'base64').toString('latin1')
  const [, password] = /^[!-9;-~]{1,100}:([ -~]{3,300})$/.exec(plain) ?? []
  return password !== undefined && isReal(password)
}
