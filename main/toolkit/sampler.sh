#!/bin/sh
# Reads a host's counters each time a line arrives on standard input, and ends with it: whoever asks sets the pace, and
# a connection that goes takes this with it. Between two questions it waits in "read" and costs nothing.
#
# The counters are read by the shell itself. Every "rounds"-th reading starts two programs more: df for the data volume
# and "erpctl indicators" for the database and the application, in the background and within a time limit, so that a
# host whose database hangs still tells its processor and memory.
#
# Output, one line each:
#   v VERSION
#   s UPTIME cpu USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL load ONE mem TOTAL AVAILABLE SWAPTOTAL SWAPFREE
#     disk READSECTORS WRITTENSECTORS OPERATIONS BUSYMS net IN OUT ERRORS       counters as the kernel keeps them
#   d TOTAL USED AVAILABLE                                                      KiB of the data volume
#   i {"indicators": ...}                                                       as erpctl prints it, on one line
# A figure that this host does not have is "-".
#
# Arguments: ROUNDS, readings from one look at disk space and indicators to the next.
set -u
set -f

VERSION=1
TAB=$(printf '\t')
NEWLINE='
'
BLANKS=" $TAB$NEWLINE"
IFS=$BLANKS
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
rounds=${1:-3}
proc=${FLEETWRIGHT_PROC:-/proc}
LC_ALL=C
export LC_ALL PATH

has() { command -v "$1" >/dev/null 2>&1; }
if has timeout; then within='timeout 8'; else within=''; fi

asking=''
cleanup() {
  if [ -n "$asking" ]; then kill "$asking" 2>/dev/null; fi
  exit 0
}
trap cleanup EXIT HUP INT TERM PIPE

# Where the tenant's data is, which only the host knows.
volume=/
if has erpctl; then
  # shellcheck disable=SC2086
  space=$($within erpctl space 2>/dev/null </dev/null) || space=''
  case $space in
    *'"scratch"'*)
      space=${space#*'"scratch"'}
      space=${space#*'"'}
      [ -d "${space%%'"'*}" ] && volume=${space%%'"'*}
      ;;
  esac
fi

read_cpu() {
  cpu='- - - - - - - -'
  # shellcheck disable=SC2034
  read -r name user nice system idle iowait irq softirq steal rest 2>/dev/null <"$proc/stat" || return 0
  [ "$name" = cpu ] && cpu="$user $nice $system $idle ${iowait:--} ${irq:--} ${softirq:--} ${steal:--}"
}

read_memory() {
  total=- available=- swap_total=- swap_free=-
  [ -r "$proc/meminfo" ] || return 0
  # shellcheck disable=SC2034
  while read -r name value rest; do
    case $name in
      MemTotal:) total=$value ;;
      MemAvailable:) available=$value ;;
      SwapTotal:) swap_total=$value ;;
      SwapFree:)
        swap_free=$value
        break
        ;;
    esac
  done <"$proc/meminfo"
}

# Whole disks only: partitions and mapped devices would count the same bytes again.
read_disks() {
  read_sectors=0 written=0 operations=0 busy=0 disks=0
  [ -r "$proc/diskstats" ] || return 0
  # shellcheck disable=SC2034
  while read -r major minor name reads merged sectors ms writes wmerged wsectors wms running io_ms rest; do
    case $name in
      sd[a-z] | sd[a-z][a-z] | vd[a-z] | vd[a-z][a-z] | xvd[a-z] | xvd[a-z][a-z] | nvme[0-9]n[0-9] | nvme[0-9][0-9]n[0-9] | mmcblk[0-9])
        disks=$((disks + 1))
        read_sectors=$((read_sectors + sectors))
        written=$((written + wsectors))
        operations=$((operations + reads + writes))
        [ "$io_ms" -gt "$busy" ] && busy=$io_ms
        ;;
    esac
  done <"$proc/diskstats"
}

# What left and entered the machine: not the loop-back, not the bridges inside.
read_network() {
  received=0 sent=0 errors=0
  [ -r "$proc/net/dev" ] || return 0
  while read -r line; do
    case $line in
      *:*) ;;
      *) continue ;;
    esac
    name=${line%%:*}
    case $name in
      lo | docker* | veth* | br-* | virbr* | bond* | tun* | tap*) continue ;;
    esac
    # shellcheck disable=SC2086
    set -- ${line#*:}
    [ $# -ge 12 ] || continue
    received=$((received + $1))
    sent=$((sent + $9))
    errors=$((errors + $3 + $4 + ${11} + ${12}))
  done <"$proc/net/dev"
}

ask_indicators() {
  # shellcheck disable=SC2086
  answer=$($within erpctl indicators 2>/dev/null </dev/null) || return 0
  # On one line; the signs of JSON hold no line breaks of their own.
  # shellcheck disable=SC2086
  set -- $answer
  printf 'i %s\n' "$*"
}

look_around() {
  # shellcheck disable=SC2046,SC2086
  set -- $($within df -Pk "$volume" 2>/dev/null | sed -n 2p)
  [ $# -ge 6 ] && printf 'd %s %s %s\n' "$2" "$3" "$4"
  if ! has erpctl; then return 0; fi
  # One question at a time, however slow the answer.
  if [ -n "$asking" ] && kill -0 "$asking" 2>/dev/null; then return 0; fi
  ask_indicators &
  asking=$!
}

printf 'v %s\n' "$VERSION"
round=0
# shellcheck disable=SC2034
while read -r tick; do
  # shellcheck disable=SC2034
  read -r uptime rest <"$proc/uptime" || exit 1
  # shellcheck disable=SC2034
  read -r load rest <"$proc/loadavg" || load=-
  read_cpu
  read_memory
  read_disks
  read_network
  disk='- - - -'
  [ "$disks" -gt 0 ] && disk="$read_sectors $written $operations $busy"
  printf 's %s cpu %s load %s mem %s %s %s %s disk %s net %s %s %s\n' \
    "$uptime" "$cpu" "$load" "$total" "$available" "$swap_total" "$swap_free" "$disk" "$received" "$sent" "$errors" || exit 0
  if [ $((round % rounds)) -eq 0 ]; then look_around || exit 0; fi
  round=$((round + 1))
done
