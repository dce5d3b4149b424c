/** Says which places of a JSON document are wanted, for `json-spans`. Pure. */

/** A wanted place. Nodes may point back at themselves: "everything below" is a node whose `any` is itself. */
export interface FieldNode {
  /** Report the content of a string value here, without its quotes. */
  string?: number
  /** Report any value here, whole, before what lies in it. */
  whole?: number
  /** Report each key of an object here, without its quotes. */
  key?: number
  /** Report each entry of an object here, from its key's quote to its value's end, before what lies in it. */
  entry?: number
  /** Named members of an object, listed under the length of the name's UTF-8 form. */
  named?: NamedField[][]
  /** Members of an object that `named` does not name. */
  any?: FieldNode
  /** Elements of an array. */
  items?: FieldNode
}

interface NamedField {
  readonly name: string
  readonly bytes: Uint8Array
  readonly node: FieldNode
}

/** Adds a named member to an object node, or returns the one that is there. */
export function member(parent: FieldNode, name: string, node: FieldNode = {}): FieldNode {
  const bytes = new TextEncoder().encode(name)
  parent.named ??= []
  const sameLength = parent.named[bytes.length] ?? []
  const known = sameLength.find((field) => field.name === name)
  if (known) return known.node
  parent.named[bytes.length] = [...sameLength, { name, bytes, node }]
  return node
}

/** The node at `path`: dot-separated names, where `*` is any member and a trailing `[]` the elements of an array. */
export function at(root: FieldNode, path: string): FieldNode {
  let node = root
  for (const step of path.split('.')) {
    const name = step.replace(/\[\]$/, '')
    node = name === '*' ? anyMember(node) : member(node, name)
    if (step.endsWith('[]')) node = elements(node)
  }
  return node
}

function anyMember(node: FieldNode): FieldNode {
  node.any ??= {}
  return node.any
}

function elements(node: FieldNode): FieldNode {
  node.items ??= {}
  return node.items
}

/** Wants the string values at these paths, all under one tag. */
export function wantStrings(root: FieldNode, tag: number, paths: readonly string[]): void {
  for (const path of paths) at(root, path).string = tag
}
