/**
 * The command that every image ships, as installed on a host of the lab. What it promises to the console stands in
 * docs/image-contract.md; how it reaches the application (a private socket) is this lab's own business.
 *
 * Values go as `name=value` form fields, so nothing of them is ever read as shell; keys go through standard input only.
 * The answer's first line is the exit status and where the rest goes.
 */
export const ERPCTL = String.raw`#!/bin/sh
# erpctl: what an operator may ask of the ERP on this host. See "erpctl help".
set -eu

usage() {
  cat <<'END'
usage: erpctl facts
       erpctl setup --tenant SLUG --tenant-id ID --environment KIND --domain FQDN [--zone ZONE]
                    [--neutralise] [--locked-out]
       erpctl licence install < KEY
       erpctl licence show
       erpctl lockout on [--minutes N]
       erpctl lockout off
       erpctl space
       erpctl manifest
       erpctl quiesce --id ID --seconds N
       erpctl thaw --id ID
       erpctl neutralise
       erpctl release
       erpctl export --id ID --to FILE
       erpctl import --from FILE
       erpctl update stack
       erpctl update application --to VERSION
       erpctl certificate show
       erpctl certificate renew
       erpctl certificate install < PEM
       erpctl access list
       erpctl access grant --id ID [--until TIME] < KEY
       erpctl access revoke --id ID
       erpctl indicators
       erpctl health
       erpctl smoke
exit status: 0 done, 1 failed, 2 malformed, 3 refused, 4 no data volume, 5 not set up
END
}

malformed() {
  printf 'erpctl: %s\n' "$1" >&2
  usage >&2
  exit 2
}

# Without curl, the runtime of the application itself carries the request.
HELPER='
const [verb, ...pairs] = process.argv.slice(1);
const form = new URLSearchParams();
for (const pair of pairs) {
  const at = pair.indexOf("=");
  if (at < 0) form.append(pair.replace(/@-$/, ""), require("fs").readFileSync(0, "utf8"));
  else form.append(pair.slice(0, at), pair.slice(at + 1));
}
const request = require("http").request({ socketPath: process.env.ERP_CONTROL, path: "/" + verb, method: "POST" }, (answer) => answer.pipe(process.stdout));
request.on("error", (error) => { console.error(error.message); process.exit(1); });
request.end(form.toString());
'

request() {
  verb=$1
  shift
  case $verb in
    export | import | update-*) patience=86400 ;;
    *) patience=180 ;;
  esac
  if command -v curl >/dev/null 2>&1; then
    for pair do
      shift
      set -- "$@" --data-urlencode "$pair"
    done
    curl -sS --max-time "$patience" --unix-socket "$ERP_CONTROL" --data-urlencode from=erpctl "$@" "http://erp/$verb"
  else
    ELECTRON_RUN_AS_NODE=1 "$ERP_NODE" -e "$HELPER" "$verb" "$@"
  fi
}

ask() {
  if ! answer=$(request "$@"); then
    echo 'erpctl: the ERP service of this host does not answer' >&2
    exit 1
  fi
  head=$(printf '%s\n' "$answer" | sed -n 1p)
  rest=$(printf '%s\n' "$answer" | sed 1d)
  case $head in
    *' out') printf '%s\n' "$rest" ;;
    *' err') printf 'erpctl: %s\n' "$rest" >&2 ;;
    *)
      echo 'erpctl: the ERP service of this host gave no answer to be understood' >&2
      exit 1
      ;;
  esac
  exit "$(printf '%s\n' "$head" | sed 's/ .*//')"
}

# with VERB NEEDED OPTIONAL FLAGS [WORD...]: asks with the options among the words; each list is of names.
with() {
  verb=$1 needed=$2 optional=$3 flags=$4
  shift 4
  left=$#
  while [ "$left" -gt 0 ]; do
    option=$1
    shift
    left=$((left - 1))
    case $option in
      'key@-')
        set -- "$@" "$option"
        continue
        ;;
      *[!a-z-]*) malformed "unknown option $option" ;;
      --?*) name=$(printf '%s' "$option" | cut -c 3-) ;;
      *) malformed "unknown option $option" ;;
    esac
    case " $flags " in
      *" $name "*)
        set -- "$@" "$name=true"
        continue
        ;;
    esac
    case " $needed $optional " in
      *" $name "*) ;;
      *) malformed "unknown option $option" ;;
    esac
    [ "$left" -gt 0 ] || malformed "$option needs a value"
    set -- "$@" "$name=$1"
    shift
    left=$((left - 1))
  done
  for name in $needed; do
    found=no
    for pair do
      case $pair in "$name="?*) found=yes ;; esac
    done
    [ "$found" = yes ] || malformed "--$name is missing"
  done
  ask "$verb" "$@"
}

# part VERB NAMES [WORD...]: the word after the verb, which must be one of the names.
part() {
  third=''
  [ $# -lt 3 ] || third=$3
  case " $2 " in
    *" $third "*) ;;
    *) malformed "$1 takes one of: $2" ;;
  esac
  [ -n "$third" ] || malformed "$1 takes one of: $2"
}

[ $# -gt 0 ] || malformed 'no command was given'
verb=$1
shift
case $verb in
  facts | health | smoke | space | manifest | indicators | neutralise | release)
    [ $# -eq 0 ] || malformed "$verb takes no arguments"
    ask "$verb"
    ;;
  setup) with setup 'tenant tenant-id environment domain' zone 'neutralise locked-out' "$@" ;;
  quiesce) with quiesce 'id seconds' '' '' "$@" ;;
  thaw) with thaw id '' '' "$@" ;;
  export) with export 'id to' '' '' "$@" ;;
  import) with import from '' '' "$@" ;;
  licence)
    part licence 'install show' "$@"
    [ $# -eq 1 ] || malformed "licence $1 takes no arguments"
    case $1 in
      install) ask licence-install 'key@-' ;;
      show) ask licence-show ;;
    esac
    ;;
  lockout)
    part lockout 'on off' "$@"
    state=$1
    shift
    case $state in
      on) with lockout-on '' minutes '' "$@" ;;
      off) with lockout-off '' '' '' "$@" ;;
    esac
    ;;
  update)
    part update 'stack application' "$@"
    what=$1
    shift
    case $what in
      stack) with update-stack '' '' '' "$@" ;;
      application) with update-application to '' '' "$@" ;;
    esac
    ;;
  certificate)
    part certificate 'show renew install' "$@"
    [ $# -eq 1 ] || malformed "certificate $1 takes no arguments"
    case $1 in
      install) ask certificate-install 'pem@-' ;;
      *) ask "certificate-$1" ;;
    esac
    ;;
  access)
    part access 'list grant revoke' "$@"
    what=$1
    shift
    case $what in
      list) with access-list '' '' '' "$@" ;;
      grant) with access-grant id until '' 'key@-' "$@" ;;
      revoke) with access-revoke id '' '' "$@" ;;
    esac
    ;;
  help | --help | -h) usage ;;
  *) malformed "unknown command: $verb" ;;
esac
`;

/** `hostname` as the host would answer it: the machine below is the lab's. */
export const HOSTNAME_COMMAND = String.raw`#!/bin/sh
cat "$ERP_ROOT/etc/hostname"
`;
