/** Every error that a user can meet: its stable code, its exit code, what it means. Pure. */

/** Exit codes of the program. `hook` commands always exit 0 whatever these say. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  nothingMatched: 3,
  keyOrAccess: 4,
  movedOrDiverged: 5,
  unsafe: 6,
  notUsableHere: 7,
  bug: 70,
  interrupted: 130,
} as const

type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/**
 * The one list of error codes. A code is never reused or renamed; programs that read `--json` rely on it.
 * README's table of errors is checked against this list.
 */
export const errorCodes = {
  failed: [exitCodes.failed, 'something outside of git-teleport failed, such as the disk'],
  'disk-full': [exitCodes.failed, 'no space left where a file had to be written'],
  'git-failed': [exitCodes.failed, 'a git command that should have worked did not'],
  'store-busy': [exitCodes.failed, 'another git-teleport command holds the lock of this repository'],
  'store-damaged': [exitCodes.failed, 'the private store or a state file in it cannot be read'],
  'changes-too-large': [
    exitCodes.failed,
    'uncommitted changes and unpushed commits are larger than teleport.maxChanges',
  ],
  'undo-changed': [exitCodes.failed, 'a file changed since the pull that is to be undone'],

  usage: [exitCodes.usage, 'the command line is wrong'],
  'bad-session-id': [exitCodes.usage, 'not a session id or a prefix of one'],
  'ambiguous-session': [exitCodes.usage, 'several sessions fit, or none was named and there are several'],
  'ambiguous-remote': [exitCodes.usage, 'several remotes and none was chosen'],
  'mixed-readers': [exitCodes.usage, 'post-quantum readers cannot be mixed with any others'],
  'ambiguous-name': [exitCodes.usage, 'the name fits a session and a commit'],
  'needs-confirmation': [exitCodes.usage, 'the command asks first, and there is no terminal: pass --yes'],
  'member-exists': [exitCodes.usage, 'the key is in the team’s files already'],

  'no-member': [exitCodes.nothingMatched, 'nobody of that name is in the team’s files'],
  'no-session': [exitCodes.nothingMatched, 'no such session on this machine'],
  'no-remote-session': [exitCodes.nothingMatched, 'no such session on the remote'],
  'unknown-member': [exitCodes.nothingMatched, 'nobody of that name is a member of the team'],
  'empty-session': [exitCodes.nothingMatched, 'the session holds no conversation yet'],
  'no-commit': [exitCodes.nothingMatched, 'no such commit in this repository'],
  'no-tie': [exitCodes.nothingMatched, 'the commit is tied to no session that is known here'],
  'session-gone': [exitCodes.nothingMatched, 'the session was on the remote and is there no more'],
  'commit-missing': [exitCodes.nothingMatched, 'the code commit is neither here nor on the remote'],
  'nothing-to-undo': [exitCodes.nothingMatched, 'no pull on this machine is left to undo'],

  'no-key': [exitCodes.keyOrAccess, 'this machine has no device key yet'],
  'key-exists': [exitCodes.keyOrAccess, 'there is a device key already, and it is not replaced'],
  'bad-key': [exitCodes.keyOrAccess, 'the key file cannot be used as a device key'],
  'key-permissions': [exitCodes.keyOrAccess, 'the private key file can be read by other users'],
  'wrong-passphrase': [
    exitCodes.keyOrAccess,
    'the passphrase does not open the key, or is no good for a new one',
  ],
  'passphrase-needed': [exitCodes.keyOrAccess, 'a passphrase is needed and nobody can be asked'],
  'not-a-reader': [exitCodes.keyOrAccess, 'the session is not encrypted to a key of this machine'],
  'not-yours': [exitCodes.keyOrAccess, 'only those who wrote to the session may do this'],
  'remote-access': [exitCodes.keyOrAccess, 'git could not reach the remote or was not let in'],
  'remote-refused': [exitCodes.keyOrAccess, 'the remote refused the update'],

  'remote-moved': [exitCodes.movedOrDiverged, 'the remote changed while we were pushing, again and again'],
  diverged: [exitCodes.movedOrDiverged, 'the session went on in two places'],

  'damaged-bundle': [exitCodes.unsafe, 'what the remote holds does not match its own digests or format'],
  'unsafe-bundle': [exitCodes.unsafe, 'the bundle holds names, sizes or rows that are not allowed'],
  'bad-signature': [exitCodes.unsafe, 'the signature is missing or wrong'],
  'untrusted-signer': [
    exitCodes.unsafe,
    'the signature is good, but the signer is nobody this machine trusts',
  ],
  'wrong-binding': [exitCodes.unsafe, 'signed for another ref, session or repository'],
  'other-repository': [exitCodes.unsafe, 'the checkout there is one of another project'],
  rollback: [exitCodes.unsafe, 'the remote shows an older state than this machine has seen'],
  'expired-session': [exitCodes.unsafe, 'the session has expired'],
  'clock-skew': [exitCodes.unsafe, 'the push lies in the future: the clocks of two machines disagree'],
  'bad-policy': [exitCodes.unsafe, 'a policy file cannot be read, and nothing is guessed'],
  'policy-not-accepted': [
    exitCodes.unsafe,
    'the team of this remote has not been accepted on this machine yet',
  ],
  'policy-gone': [exitCodes.unsafe, 'the policy that was there is not on the remote any more'],
  'policy-rewound': [exitCodes.unsafe, 'the default branch does not go on from the policy accepted last'],
  'not-allowed': [exitCodes.unsafe, 'a policy forbids it'],
  'public-remote': [
    exitCodes.unsafe,
    'the remote can be read by everybody, and nobody said that this is meant',
  ],
  'session-live': [exitCodes.unsafe, 'the session is open in a running client'],
  'foreign-file': [exitCodes.unsafe, 'a file that is not ours stands in the way'],
  'secret-found': [
    exitCodes.unsafe,
    'a secret cannot be taken out of the session, or content not looked through',
  ],

  'no-git': [exitCodes.notUsableHere, 'git is not installed, or too old'],
  'no-repository': [exitCodes.notUsableHere, 'not inside a Git repository with a work tree'],
  'no-remote': [exitCodes.notUsableHere, 'the repository has no remote'],
  'no-program-there': [exitCodes.notUsableHere, 'git-teleport is not installed where a session is to go'],
  'no-agent': [exitCodes.notUsableHere, 'no Claude Code data on this machine'],
  'not-clean': [exitCodes.notUsableHere, 'the work tree has changes that a checkout would touch'],
  'folder-exists': [exitCodes.notUsableHere, 'the folder for the new work tree is there already'],
  'changes-unsupported': [
    exitCodes.notUsableHere,
    'the code is in a state that cannot travel, such as a conflict or a merge in progress',
  ],
  'format-too-new': [exitCodes.notUsableHere, 'written by a newer git-teleport'],
  'format-too-old': [exitCodes.notUsableHere, 'written by a git-teleport that is too old'],

  bug: [exitCodes.bug, 'a defect of git-teleport'],
  interrupted: [exitCodes.interrupted, 'interrupted by the user'],
} as const satisfies Record<string, readonly [ExitCode, string]>

export type ErrorCode = keyof typeof errorCodes

export interface ErrorDetails {
  /** What to do next; best a command to paste. */
  readonly hint?: string
  readonly cause?: unknown
  /** For programs: ids, paths, counts. Never transcript text, never anything secret. */
  readonly data?: Readonly<Record<string, unknown>>
}

/** The one error class. A bare `Error` that reaches the top is a bug and is reported as one. */
export class TeleportError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly data: Readonly<Record<string, unknown>> | undefined

  /** @param message what failed, the thing named, lower case, no period */
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'TeleportError'
    this.code = code
    this.hint = details.hint
    this.data = details.data
  }

  get exitCode(): ExitCode {
    return errorCodes[this.code][0]
  }
}

/** Whether `error` is ours and carries `code`. */
export function hasCode(error: unknown, code: ErrorCode): error is TeleportError {
  return error instanceof TeleportError && error.code === code
}

/** What work throws that was asked to stop, where it could. */
export function interruption(cause?: unknown): TeleportError {
  return new TeleportError(
    'interrupted',
    'interrupted; nothing was left half-done',
    cause === undefined ? {} : { cause },
  )
}

/** Throws `interrupted` once `signal` is given. */
export function stopIfInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw interruption()
}

/** Turns a failed file operation into a `TeleportError`: `disk-full` for ENOSPC and EDQUOT, else `failed`. */
export function fileError(error: unknown, doing: string): TeleportError {
  if (error instanceof TeleportError) return error
  const code = errnoOf(error)
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(doing, error)
  return new TeleportError('failed', `${code ?? 'error'} while ${doing}`, { cause: error })
}

/** `disk-full`, from whatever told that the disk is. */
export function diskFull(doing: string, cause?: unknown): TeleportError {
  return new TeleportError('disk-full', `no space left while ${doing}`, {
    hint: 'free some space and run the command again; nothing was changed',
    cause,
  })
}

/** The `code` of a Node system error, such as `ENOENT`; `undefined` for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
