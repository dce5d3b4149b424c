#!/bin/sh
# Rebuilds a session's conversation with git, age, brotli and tar alone: no git-teleport.
# usage: recover.sh <remote> <session id> <SSH private key or age identity> <folder to write> [allowed signers file]
# Writes session.jsonl as the sender had it, and every other file of the bundle beside it.
# With an allowed signers file (man ssh-keygen), a commit that none of them signed is refused before it is opened.
set -eu
[ $# -eq 4 ] || [ $# -eq 5 ] || { sed -n '3,5s/^# //p' "$0" >&2; exit 2; }
remote=$1 session=$2 key=$3 out=$4 signers=${5:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
mkdir "$out"

# What the remote lists tells which hash its repository is made of.
case $(git ls-remote "$remote" "refs/teleport/sessions/$session" | cut -f1) in
  "") echo "recover.sh: the remote has no such session" >&2; exit 3 ;;
  ????????????????????????????????????????) hash=sha1 ;;
  *) hash=sha256 ;;
esac
git init -q --bare --object-format=$hash "$work/git"
git --git-dir="$work/git" fetch -q "$remote" "+refs/teleport/sessions/$session:refs/heads/session"
[ -z "$signers" ] ||
  git --git-dir="$work/git" -c gpg.ssh.allowedSignersFile="$signers" verify-commit refs/heads/session
show() { git --git-dir="$work/git" cat-file blob "refs/heads/session:$1"; }

# key.age holds the session's own age identity, encrypted to every reader.
show key.age >"$work/key.age"
age --decrypt --identity "$key" "$work/key.age" >"$work/identity"

# Segments in the order of their numbers; the parts NNNN.PP of a large one are one age file.
git --git-dir="$work/git" ls-tree --name-only refs/heads/session:segments | sort -n >"$work/names"
for segment in $(cut -d. -f1 "$work/names" | uniq); do
  for part in $(grep -E "^$segment(\.|\$)" "$work/names"); do show "segments/$part"; done >"$work/segment.age"
  age --decrypt --identity "$work/identity" "$work/segment.age" >"$work/segment.br"
  brotli --decompress --stdout "$work/segment.br" >"$work/tar"
  tar -xOf "$work/tar" pieces.json >"$work/pieces"
  # One row a line: a whole file starts anew, an append goes on, a dropped row has no bytes here, gone deletes.
  sed -n '/"dropped":true/d; s/^{"name":"\([A-Za-z0-9._@/-]*\)".*"op":"\([a-z]*\)".*/\2 \1/p' "$work/pieces" >"$work/rows"
  # Names come from whoever wrote the session: they stay below the folder.
  ! grep -E ' (.*/)?\.{0,2}(/.*)?$' "$work/rows" || { echo "recover.sh: a name leads out of the folder" >&2; exit 6; }
  while read -r op name; do
    case $op in
      whole) mkdir -p "$out/$(dirname "$name")" && : >"$out/$name" ;;
      gone) rm -f "$out/$name" ;;
    esac
  done <"$work/rows"
  # tar prints all entries of one name after each other, which is what several appends are.
  for name in $(sed '/^gone /d; s/^[a-z]* //' "$work/rows" | sort -u); do
    if [ -e "$out/$name" ]; then tar -xOf "$work/tar" "$name" >>"$out/$name"; fi
  done
done
echo "$out/session.jsonl"
