# Read by the hooks. Starts no process, but for the worker in the background.

# Sets top to the work tree of this conversation, and store to what git-teleport keeps in its repository.
find_store() {
  store='' top=${CLAUDE_PROJECT_DIR-} git='' common=''
  case $top in /*) ;; *) top=$PWD ;; esac
  while [ -n "$top" ] && [ ! -e "$top/.git" ]; do top=${top%/*}; done
  [ -n "$top" ] || return 1
  if [ -d "$top/.git" ]; then
    common=$top/.git
  else
    read -r _ git <"$top/.git" || :
    case $git in '' | /* | [A-Za-z]:*) ;; *) git=$top/$git ;; esac
    [ ! -f "$git/commondir" ] || read -r common <"$git/commondir" || :
    case $common in '') common=$git ;; /* | [A-Za-z]:*) ;; *) common=$git/$common ;; esac
  fi
  store=$common/teleport
  [ -d "$store" ]
}

# Sets session to the id in the event $1: no text inside of it can forge the quotes.
find_session() {
  case $1 in *'"session_id":"'*) ;; *) return 1 ;; esac
  session=${1#*'"session_id":"'}
  session=${session%%'"'*}
  is_session
}

is_session() {
  case $session in *[!0-9a-f-]*) return 1 ;; esac
  [ ${#session} -eq 36 ]
}

# Whether a background session of ours: what started it sends it.
is_run() {
  [ -d "$store/runs/$session" ] && [ "${CLAUDE_CODE_ENTRYPOINT-}" != cli ]
}

# Asks for this conversation to be sent; $1: why.
ask() {
  printf '%s %s\n' "$1" "$top" 2>/dev/null >"$store/sending/asked/$session"
}

# Whether one is at it: it takes along what is asked for meanwhile.
is_worker_here() {
  worker=''
  [ ! -f "$store/worker/running" ] || read -r worker <"$store/worker/running" || :
  case $worker in '' | *[!0-9]*) return 1 ;; esac
  kill -0 "$worker" 2>/dev/null
}

# Sends in the background what was asked for, and outlives this client.
start_worker() {
  . "${0%/*}/program.sh"
  ! command -v setsid >/dev/null || before=setsid
  { cd "$top" && teleport hook run; } </dev/null >/dev/null 2>&1 &
}
