#!/bin/sh
# Rebuilds a session's conversation with git, age, brotli and tar alone: no git-teleport.
# usage: recover.sh <remote> <session id> <SSH private key or age identity> <folder to write>
# Writes session.jsonl as the sender had it, and every other file of the bundle beside it.
set -eu
[ $# -eq 4 ] || { sed -n '3,4s/^# //p' "$0" >&2; exit 2; }
remote=$1 session=$2 key=$3 out=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
mkdir -p "$out"

git init -q --bare "$work/git"
git --git-dir="$work/git" fetch -q "$remote" "+refs/teleport/sessions/$session:refs/heads/session"
show() { git --git-dir="$work/git" cat-file blob "session:$1"; }

# key.age holds the session's own age identity, encrypted to every reader.
show key.age | age --decrypt --identity "$key" >"$work/identity"

# Segments in the order of their numbers; the parts NNNN.PP of a large one are one age file.
names=$(git --git-dir="$work/git" ls-tree --name-only session:segments | sort)
for segment in $(printf '%s\n' "$names" | cut -d. -f1 | uniq); do
  for part in $(printf '%s\n' "$names" | grep -E "^$segment(\.|\$)"); do show "segments/$part"; done |
    age --decrypt --identity "$work/identity" | brotli --decompress --stdout >"$work/tar"
  tar -xOf "$work/tar" pieces.json >"$work/pieces"
  # One row a line: a whole file starts anew, an append goes on, a dropped row has no bytes here, gone deletes.
  grep -v '"dropped":true' "$work/pieces" |
    sed -n 's/^{"name":"\([A-Za-z0-9._@/-]*\)".*"op":"\([a-z]*\)".*/\2 \1/p' >"$work/rows"
  while read -r op name; do
    case $op in
      whole) mkdir -p "$(dirname "$out/$name")" && : >"$out/$name" ;;
      gone) rm -f "$out/$name" ;;
    esac
  done <"$work/rows"
  # tar prints all entries of one name after each other, which is what several appends are.
  for name in $(grep -v '^gone ' "$work/rows" | cut -d' ' -f2 | sort -u); do
    [ -e "$out/$name" ] || continue
    tar -xOf "$work/tar" "$name" >>"$out/$name"
  done
done
echo "$out/session.jsonl"
