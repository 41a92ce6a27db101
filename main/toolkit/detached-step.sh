#!/bin/sh
# Runs one long command of a console on this host so that it outlives the connection that ordered it.
#
#   detached-step.sh start ID RUN [despite-unknown] -- WORD...   standard input becomes the command's
#   detached-step.sh status ID RUN TAIL_BYTES
#   detached-step.sh stop ID RUN
#   detached-step.sh reject ID RUN      its outcome was of no use: the next RUN starts anew
#   detached-step.sh remove             takes the tool and the folders of ended steps away
#
# start, status and stop print one JSON line. Outputs are in it as hexadecimal digits, since they may hold any byte.
# A run has a folder of its own: ~/.fleetwright/steps/ID.RUN with command, start (boot id, process id, process start
# time), heartbeat, stdout, stderr and, once it ended, exit. RUN counts up; `start` gives back an earlier run that goes
# on, ended well, or of which nobody knows what became, and begins its own only when there is none.
set -u
umask 077
LC_ALL=C
export LC_ALL

steps=$HOME/.fleetwright/steps
beat_seconds=5
keep_days=14
# More output than this is cut down to its end.
most_bytes=67108864
kept_bytes=1048576

usage() {
  echo "detached-step.sh: $1" >&2
  exit 2
}

check_id() {
  case $1 in '' | *[!A-Za-z0-9-]*) usage "bad id: $1" ;; esac
  case $2 in '' | *[!0-9]*) usage "bad run: $2" ;; esac
}

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# Start time of a process in ticks since boot; nothing when there is none, or only its remains.
started_at() {
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # shellcheck disable=SC2086 # the fields behind the name, which may hold spaces, are split on purpose
  set -- ${stat##*) }
  [ "$1" = Z ] || echo "${20}"
}

hex() { od -An -v -tx1 | tr -d ' \n'; }
size_of() { if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi; }

# Replaces a file whole, or fails.
put() {
  printf '%s\n' "$2" >"$1.new" 2>/dev/null && [ -s "$1.new" ] && mv -f "$1.new" "$1"
}

# The state of the run in $dir: absent, starting, running, finished, stopped, rebooted or gone.
state_of() {
  [ -d "$dir" ] || { echo absent; return; }
  if [ -f "$dir/exit" ]; then echo finished; return; fi
  if [ ! -f "$dir/start" ]; then
    if [ -f "$dir/stopped" ]; then echo stopped; else echo starting; fi
    return
  fi
  read -r boot pid since <"$dir/start"
  if [ "$boot" != "$(boot_id)" ]; then
    if [ -f "$dir/stopped" ]; then echo stopped; else echo rebooted; fi
  elif alive; then
    echo running
  elif [ -f "$dir/exit" ]; then
    echo finished
  elif [ -f "$dir/stopped" ]; then
    echo stopped
  else
    echo gone
  fi
}

# What the leader left in its group, remains that nobody has taken notice of aside.
group_alive() {
  for stat in /proc/[0-9]*/stat; do
    read -r line 2>/dev/null <"$stat" || continue
    # shellcheck disable=SC2086 # as above
    set -- ${line##*) }
    if [ "$3" = "$pid" ] && [ "$1" != Z ]; then return 0; fi
  done
  return 1
}

# The leader with its start time, or its group: no other process gets a number that a group still has.
alive() {
  leads=$(started_at "$pid")
  if [ -n "$leads" ]; then [ "$leads" = "$since" ]; else group_alive; fi
}

report() {
  tail_bytes=$1
  state=$(state_of)
  out_bytes=$(size_of "$dir/stdout")
  err_bytes=$(size_of "$dir/stderr")
  beat=$(cat "$dir/heartbeat" 2>/dev/null)
  age=null
  case $beat in '' | *[!0-9]*) ;; *) age=$(($(date +%s) - beat)) ;; esac
  begun=$(cat "$dir/begun" 2>/dev/null)
  case $begun in '' | *[!0-9]*) begun=null ;; esac
  ended=null
  code=null
  if [ "$state" = finished ]; then read -r code ended <"$dir/exit"; fi
  cut=false
  [ -f "$dir/cut" ] && cut=true
  printf '{"state":"%s","run":%s,"exit":%s,"begun":%s,"ended":%s,"heartbeatAge":%s,"stdoutBytes":%s,"stderrBytes":%s,"cut":%s' \
    "$state" "$run" "$code" "$begun" "$ended" "$age" "$out_bytes" "$err_bytes" "$cut"
  printf ',"command":"%s"' "$(head -c 400 "$dir/command" 2>/dev/null | hex)"
  printf ',"stdout":"%s"' "$(tail -c "$tail_bytes" "$dir/stdout" 2>/dev/null | hex)"
  printf ',"stderr":"%s"}\n' "$(tail -c "$tail_bytes" "$dir/stderr" 2>/dev/null | hex)"
}

# Newest run of $id up to $run; 0 when there is none.
newest_run() {
  newest=0
  for one in "$steps/$id".*; do
    number=${one##*.}
    case $number in *[!0-9]*) continue ;; esac
    if [ -d "$one" ] && [ "$number" -gt "$newest" ] && [ "$number" -le "$run" ]; then newest=$number; fi
  done
  echo "$newest"
}

forget_old() {
  for one in "$steps"/*; do
    [ -d "$one" ] || continue
    last=$one/heartbeat
    [ -f "$last" ] || last=$one
    [ -n "$(find "$last" -prune -mtime "+$keep_days" 2>/dev/null)" ] && rm -rf "$one"
  done
}

begin() {
  wanted=$run
  despite=${despite:-}
  run=$(newest_run)
  dir=$steps/$id.$run
  if [ "$run" -gt 0 ]; then
    state=$(state_of)
    take=yes
    if [ "$run" -lt "$wanted" ]; then
      case $state in
        stopped) take=no ;;
        finished)
          read -r code _ <"$dir/exit"
          if [ "$code" != 0 ] || [ -f "$dir/rejected" ]; then take=no; fi
          ;;
        starting | rebooted | gone) if [ -n "$despite" ]; then take=no; fi ;;
      esac
    fi
    if [ "$take" = yes ]; then
      report 400
      return
    fi
  fi
  run=$wanted
  dir=$steps/$id.$run
  # Everything is in place before the folder has its name, and only one can give it.
  new=$steps/.new.$id.$run.$$
  rm -rf "$new"
  mkdir "$new" || exit 1
  cat >"$new/stdin" || exit 1
  printf '%s ' "$@" >"$new/command" || exit 1
  if mkdir "$dir" 2>/dev/null; then
    mv "$new/stdin" "$new/command" "$dir/" || exit 1
    setsid sh "$0" run "$id" "$run" -- "$@" </dev/null >/dev/null 2>&1 &
  fi
  rm -rf "$new"
  report 400
}

# The leader of the new session.
lead() {
  put "$dir/begun" "$(date +%s)" || exit 1
  put "$dir/heartbeat" "$(date +%s)" || exit 1
  put "$dir/start" "$(boot_id) $$ $(started_at $$)" || exit 1
  leader=$$
  (
    while [ -n "$(started_at "$leader")" ] && [ ! -f "$dir/exit" ]; do
      date +%s >"$dir/heartbeat.new" 2>/dev/null && [ -s "$dir/heartbeat.new" ] && mv -f "$dir/heartbeat.new" "$dir/heartbeat"
      for stream in stdout stderr; do
        if [ "$(size_of "$dir/$stream")" -gt "$most_bytes" ]; then
          tail -c "$kept_bytes" "$dir/$stream" >"$dir/$stream.end" && cat "$dir/$stream.end" >"$dir/$stream"
          rm -f "$dir/$stream.end"
          : >"$dir/cut"
        fi
      done
      sleep "$beat_seconds"
    done
  ) >/dev/null 2>&1 </dev/null &
  beating=$!
  cd "$HOME" || exit 1
  exec 3<"$dir/stdin"
  # It may hold a secret, and nobody else reads it.
  rm -f "$dir/stdin"
  # Appending, so that cutting the file down leaves no hole.
  "$@" <&3 3<&- >>"$dir/stdout" 2>>"$dir/stderr"
  code=$?
  # A full disk must not swallow the outcome.
  until put "$dir/exit" "$code $(date +%s)"; do sleep "$beat_seconds"; done
  kill "$beating" 2>/dev/null
  exit 0
}

halt() {
  state=$(state_of)
  if [ "$state" = running ]; then
    : >"$dir/stopped"
    read -r _ pid since <"$dir/start"
    for signal in TERM TERM TERM KILL KILL; do
      alive || break
      kill -s "$signal" -- "-$pid" 2>/dev/null
      sleep 1
    done
  fi
  report 400
}

verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
  start | run)
    id=${1:-} run=${2:-}
    check_id "$id" "$run"
    shift 2
    despite=''
    if [ "${1:-}" = despite-unknown ]; then
      despite=yes
      shift
    fi
    [ "${1:-}" = -- ] || usage "no command"
    shift
    [ $# -gt 0 ] || usage "no command"
    dir=$steps/$id.$run
    if [ "$verb" = run ]; then lead "$@"; fi
    [ -r /proc/sys/kernel/random/boot_id ] || usage "this host has no /proc"
    command -v setsid >/dev/null || usage "this host has no setsid"
    mkdir -p "$steps" || exit 1
    forget_old
    begin "$@"
    ;;
  status | stop | reject)
    id=${1:-} run=${2:-}
    check_id "$id" "$run"
    dir=$steps/$id.$run
    case $verb in
      status)
        case ${3:-} in '' | *[!0-9]*) usage "bad number of bytes" ;; esac
        report "$3"
        ;;
      stop) halt ;;
      reject) [ ! -d "$dir" ] || : >"$dir/rejected" ;;
    esac
    ;;
  remove)
    for dir in "$steps"/*; do
      [ -d "$dir" ] || continue
      case $(state_of) in starting | running) ;; *) rm -rf "$dir" ;; esac
    done
    rm -rf "$HOME/.fleetwright/toolkit"
    rmdir "$steps" "$HOME/.fleetwright" 2>/dev/null
    exit 0
    ;;
  *) usage "unknown verb: $verb" ;;
esac
