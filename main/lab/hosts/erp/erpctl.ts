/**
 * The command that every image ships, as installed on a host of the lab. What it promises to the console stands in
 * docs/image-contract.md; how it reaches the application (a private socket) is this lab's own business.
 *
 * Values go as `name=value` form fields, so nothing of them is ever read as shell; the key goes through standard input
 * only. The answer's first line is the exit status and where the rest goes.
 */
export const ERPCTL = String.raw`#!/bin/sh
# erpctl: what an operator may ask of the ERP on this host. See "erpctl help".
set -eu

usage() {
  cat <<'END'
usage: erpctl facts
       erpctl setup --tenant SLUG --tenant-id ID --environment KIND --domain FQDN [--zone ZONE]
       erpctl licence install < KEY
       erpctl licence show
       erpctl lockout on [--minutes N]
       erpctl lockout off
       erpctl health
       erpctl smoke
exit status: 0 done, 1 failed, 2 malformed, 3 the data is another tenant's, 4 no data volume, 5 not set up
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
  if command -v curl >/dev/null 2>&1; then
    for pair do
      shift
      set -- "$@" --data-urlencode "$pair"
    done
    curl -sS --max-time 180 --unix-socket "$ERP_CONTROL" --data-urlencode from=erpctl "$@" "http://erp/$verb"
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

setup() {
  tenant='' tenant_id='' environment='' domain='' zone=''
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || malformed "$1 needs a value"
    case $1 in
      --tenant) tenant=$2 ;;
      --tenant-id) tenant_id=$2 ;;
      --environment) environment=$2 ;;
      --domain) domain=$2 ;;
      --zone) zone=$2 ;;
      *) malformed "unknown option $1" ;;
    esac
    shift 2
  done
  [ -n "$tenant" ] || malformed '--tenant is missing'
  [ -n "$tenant_id" ] || malformed '--tenant-id is missing'
  [ -n "$environment" ] || malformed '--environment is missing'
  [ -n "$domain" ] || malformed '--domain is missing'
  ask setup "tenant=$tenant" "tenantId=$tenant_id" "environment=$environment" "domain=$domain" "zone=$zone"
}

lockout() {
  case $* in
    on) ask lockout state=on minutes= ;;
    'on --minutes '*) ask lockout state=on "minutes=$3" ;;
    off) ask lockout state=off ;;
    *) malformed 'lockout takes on [--minutes N] or off' ;;
  esac
}

licence() {
  case $* in
    install) ask licence-install 'key@-' ;;
    show) ask licence-show ;;
    *) malformed 'licence takes install or show' ;;
  esac
}

[ $# -gt 0 ] || malformed 'no command was given'
verb=$1
shift
case $verb in
  facts | health | smoke)
    [ $# -eq 0 ] || malformed "$verb takes no arguments"
    ask "$verb"
    ;;
  setup) setup "$@" ;;
  licence) licence "$@" ;;
  lockout) lockout "$@" ;;
  help | --help | -h) usage ;;
  *) malformed "unknown command: $verb" ;;
esac
`;

/** `hostname` as the host would answer it: the machine below is the lab's. */
export const HOSTNAME_COMMAND = String.raw`#!/bin/sh
cat "$ERP_ROOT/etc/hostname"
`;
