# Read by the hooks. `teleport <arguments>` becomes the program, behind the word in $before; it returns when there is none.
teleport() {
  folder=${XDG_CONFIG_HOME:-${HOME-}/.config}/git-teleport node='' program=''
  [ "${OS-}" != Windows_NT ] || folder=${APPDATA-}/git-teleport
  [ ! -f "$folder/program" ] || { read -r node && read -r program; } <"$folder/program"
  if [ -x "$node" ] && [ -r "$program" ]; then exec $before "$node" "$program" "$@"; fi
  ! command -v git-teleport >/dev/null || exec $before git-teleport "$@"
  # A marketplace in a folder is used where it lies: then this is the package itself.
  program=${0%/*}/../../../dist/git-teleport.cjs
  [ ! -r "$program" ] || ! command -v node >/dev/null || exec $before node "$program" "$@"
}
before=''
