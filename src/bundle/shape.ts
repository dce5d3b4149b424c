/** Small checks that turn `unknown` into a typed value; bigger ones are composed of them. Pure. */

import { type ErrorCode, TeleportError } from '../errors.ts'

/** Returns the value, newly built where it is an object or a list, or throws what `check` turns into an error. */
export type Shape<T> = (value: unknown) => T
type Shapes<T> = { readonly [Key in keyof T]: Shape<T[Key]> }

class Mismatch extends Error {
  /** Where the value is, innermost first: filled in on the way out, so that a good value costs nothing. */
  readonly path: (string | number)[] = []
}

/** Throws `code` with `what` and the path of the first member that does not fit; never any of the content. */
export function check<T>(shape: Shape<T>, value: unknown, what: string, code: ErrorCode): T {
  try {
    return shape(value)
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error
    const path = error.path.toReversed().join('.').slice(0, 80)
    throw new TeleportError(code, `${what}: ${path || 'it'} ${error.message}`)
  }
}

/** An object with these members. `strict` refuses others; otherwise they are left out of the result. */
export function object<Required, Optional = object>(
  required: Shapes<Required>,
  options: { readonly optional?: Shapes<Optional>; readonly strict?: boolean } = {},
): Shape<Required & Partial<Optional>> {
  const needed = Object.entries<Shape<unknown>>(required)
  const extra = Object.entries<Shape<unknown>>(options.optional ?? {})
  return (value) => {
    const members = membersOf(value)
    const result: Record<string, unknown> = {}
    for (const [key, shape] of needed) {
      result[key] = Object.hasOwn(members, key) ? at(key, shape, members[key]) : at(key, missing, undefined)
    }
    for (const [key, shape] of extra) {
      if (Object.hasOwn(members, key)) result[key] = at(key, shape, members[key])
    }
    if (options.strict && Object.keys(members).length !== Object.keys(result).length) {
      return fail('has an unknown member')
    }
    // Every member was checked by the shape of its name: the one place where the types take our word for it.
    return result as Required & Partial<Optional>
  }
}

/** A list of at most `max` items. */
export function list<T>(item: Shape<T>, max: number): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return fail('is not a list')
    if (value.length > max) return fail(`has more than ${max} items`)
    return value.map((element, index) => at(index, item, element))
  }
}

/** An object whose keys come from outside: the result has no prototype. */
export function record<T>(
  isKey: (key: string) => boolean,
  item: Shape<T>,
): Shape<Readonly<Record<string, T>>> {
  return (value) => {
    const result: Record<string, T> = Object.create(null)
    for (const [key, member] of Object.entries(membersOf(value))) {
      if (!isKey(key)) return fail('has a key that is not allowed')
      result[key] = at(key, item, member)
    }
    return result
  }
}

/** A text of at most `max` UTF-16 units without NUL. */
export function text(max: number, pattern?: RegExp): Shape<string> {
  return (value) => {
    if (typeof value !== 'string' || value.includes('\0')) return fail('is not text')
    if (value.length > max) return fail(`is longer than ${max}`)
    if (pattern && !pattern.test(value)) return fail('has the wrong form')
    return value
  }
}

/** A text that `guard` accepts. */
export function guarded<T extends string>(guard: (text: string) => text is T): Shape<T> {
  return (value) => (typeof value === 'string' && guard(value) ? value : fail('has the wrong form'))
}

/** A safe integer of at least `min`. */
export function integer(min: number): Shape<number> {
  return (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min
      ? value
      : fail(`is not a whole number from ${min} up`)
}

/** One of these values. */
export function oneOf<const T extends string | number | boolean>(...values: readonly T[]): Shape<T> {
  return (value) => values.find((known) => known === value) ?? fail('has an unknown value')
}

export const flag: Shape<boolean> = (value) =>
  typeof value === 'boolean' ? value : fail('is not true or false')

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value) => (value === null ? null : shape(value))
}

/** Two values of different kinds. */
export function both<A, B>(first: Shape<A>, second: Shape<B>): Shape<readonly [A, B]> {
  return (value) =>
    Array.isArray(value) && value.length === 2
      ? [at(0, first, value[0]), at(1, second, value[1])]
      : fail('is not a pair')
}

/** A list of exactly two. */
export function pair<T>(item: Shape<T>): Shape<readonly [T, T]> {
  return both(item, item)
}

/** Adds a condition that the members must fulfil together. */
export function refine<T>(shape: Shape<T>, complaint: (value: T) => string | undefined): Shape<T> {
  return (value) => {
    const result = shape(value)
    const what = complaint(result)
    return what === undefined ? result : fail(what)
  }
}

function at<T>(key: string | number, shape: Shape<T>, value: unknown): T {
  try {
    return shape(value)
  } catch (error) {
    if (error instanceof Mismatch) error.path.push(key)
    throw error
  }
}

function missing(): never {
  return fail('is missing')
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('is not an object')
  return value as Readonly<Record<string, unknown>>
}

function fail(what: string): never {
  throw new Mismatch(what)
}
