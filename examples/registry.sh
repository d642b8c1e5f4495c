#!/bin/sh
# Lists and deletes what a registry holds, through the token server; it takes the place of
# `curl -u user:password …/v2/_catalog` and `curl -X DELETE`. Needs a POSIX shell, sed, awk and curl.
set -eu

usage() {
  cat <<'END'
usage: registry.sh [options] COMMAND

  repositories                every repository (an account with the permission admin)
  tags REPOSITORY             its tags (pull)
  digest REPOSITORY TAG       what a tag points to (pull)
  delete REPOSITORY REFERENCE delete the manifest behind a tag or a digest, and with it EVERY tag that points to it
                              (delete; a tag needs pull too). Layers stay until the registry's garbage collection.

  -r URL    the registry, such as https://registry.example.com (or REGISTRY_URL)
  -u NAME   account (or REGISTRY_USER); without one as anybody
  -p FILE   file with the password (or REGISTRY_PASSWORD_FILE, or the password itself in REGISTRY_PASSWORD)
  -c FILE   CA certificate of the registry's TLS, in PEM (or REGISTRY_CA)

Exit codes: 0 done, 1 refused or not there, 2 wrong usage, 3 registry or token server can't be asked.
END
}

fail() {
  code=$1
  shift
  echo "registry.sh: $*" >&2
  exit "$code"
}

url=${REGISTRY_URL:-} user=${REGISTRY_USER:-} password_file=${REGISTRY_PASSWORD_FILE:-} ca=${REGISTRY_CA:-}
while getopts r:u:p:c:h option; do
  case $option in
    r) url=$OPTARG ;;
    u) user=$OPTARG ;;
    p) password_file=$OPTARG ;;
    c) ca=$OPTARG ;;
    h) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
shift $((OPTIND - 1))
command -v curl >/dev/null || fail 3 "curl is not here; install it"

url=${url%/}
case $url in
  http://* | https://*) ;;
  *) fail 2 "name the registry with -r, such as -r https://registry.example.com" ;;
esac
case $user in *:*) fail 2 "an account's name has no colon" ;; esac

password=${REGISTRY_PASSWORD:-}
if [ -n "$password_file" ]; then
  [ -r "$password_file" ] || fail 2 "$password_file can't be read"
  # One line, whatever system wrote it.
  password=$(head -n 1 "$password_file" | tr -d '\r')
elif [ -n "$user" ] && [ -z "$password" ]; then
  [ -t 0 ] || fail 2 "no password: name a file with -p, or set REGISTRY_PASSWORD"
  printf 'Password of %s: ' "$user" >&2
  stty -echo
  trap 'stty echo' EXIT INT TERM
  IFS= read -r password
  stty echo
  trap - EXIT INT TERM
  echo >&2
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

# A line of curl's configuration with $2 as its value; secrets go there by standard input, never into an argument.
setting() { printf '%s = "%s"\n' "$1" "$(printf '%s' "$2" | sed 's/[\\"]/\\&/g')"; }

# call METHOD URL CURL-OPTION…: the status; headers and body lie in $scratch. More configuration comes by standard input.
call() {
  method=$1 target=$2
  shift 2
  if [ "$method" = HEAD ]; then set -- --head "$@"; else set -- --request "$method" "$@"; fi
  if [ -n "$ca" ]; then set -- --cacert "$ca" "$@"; fi
  : >"$scratch/body"
  curl --disable --silent --show-error --globoff --config - --connect-timeout 10 --max-time 120 --proto =http,https \
    --dump-header "$scratch/headers" --output "$scratch/body" --write-out '%{http_code}' "$@" --url "$target" ||
    fail 3 "$target can't be asked"
}

# header NAME: the value in the last answer
header() {
  tr -d '\r' <"$scratch/headers" | awk -v name="$1:" '
    index(tolower($0), name) == 1 { value = substr($0, length(name) + 1); sub(/^[ \t]+/, "", value) }
    END { print value }'
}

# parameter NAME: a value in the challenge
parameter() { printf '%s' "$challenge" | sed -n "s/.*[ ,]$1=\"\([^\"]*\)\".*/\1/p"; }

# message: why the last answer is a refusal
message() { sed -n 's/.*"message":"\([^"]*\)".*/: \1/p' "$scratch/body" | head -n 1; }

token=''
# Follows the registry's challenge to the token server.
fetch_token() {
  challenge=$(header www-authenticate)
  realm=$(parameter realm)
  case $challenge in [Bb]earer\ *) ;; *) fail 3 "$url asks for something other than a token: $challenge" ;; esac
  case $url/$realm in
    https://*/http://*) fail 3 "the token server $realm is not HTTPS, the registry is: no password is sent there" ;;
  esac
  set -- --get --data-urlencode "service=$(parameter service)"
  scope=$(parameter scope)
  if [ -n "$scope" ]; then set -- "$@" --data-urlencode "scope=$scope"; fi
  status=$(if [ -n "$user" ]; then setting user "$user:$password"; fi | call GET "$realm" "$@") || exit
  [ "$status" = 200 ] || fail 1 "the token server refuses, $status$(message)"
  token=$(sed -n 's/.*"token":"\([^"]*\)".*/\1/p' "$scratch/body")
  [ -n "$token" ] || fail 3 "$realm answers without a token"
}

# ask METHOD PATH CURL-OPTION…: fails unless the registry does it
ask() {
  ask_method=$1 ask_target=$url$2
  shift 2
  status=$(if [ -n "$token" ]; then setting header "Authorization: Bearer $token"; fi | call "$ask_method" "$ask_target" "$@") || exit
  if [ "$status" = 401 ]; then
    fetch_token
    status=$(setting header "Authorization: Bearer $token" | call "$ask_method" "$ask_target" "$@") || exit
  fi
  case $status in
    2??) ;;
    401 | 403) fail 1 "${user:-anybody} may not do this; why: dockwarden access check ${user:-@anonymous} REPOSITORY" ;;
    404) fail 1 "not there: ${ask_target#"$url"}$(message)" ;;
    405) fail 1 "the registry does not delete; set storage.delete.enabled in its configuration$(message)" ;;
    *) fail 3 "the registry answers $status$(message)" ;;
  esac
}

# pages PATH KEY: the words of a list, page by page
pages() {
  page=$1
  while [ -n "$page" ]; do
    ask GET "$page"
    words=$(tr -d '\n' <"$scratch/body" | sed "s/.*\"$2\":\[\([^]]*\)\].*/\1/")
    printf '%s\n' "$words" | tr ',' '\n' | sed -n 's/^ *"\(.*\)" *$/\1/p'
    page=$(header link | sed -n 's/^<\([^>]*\)>.*rel="\{0,1\}next.*/\1/p')
    case $page in http*) page=/${page#*://*/} ;; esac
  done
}

find_digest() {
  ask HEAD "/v2/$1/manifests/$2" \
    --header 'Accept: application/vnd.oci.image.index.v1+json' \
    --header 'Accept: application/vnd.oci.image.manifest.v1+json' \
    --header 'Accept: application/vnd.docker.distribution.manifest.list.v2+json' \
    --header 'Accept: application/vnd.docker.distribution.manifest.v2+json'
  digest=$(header docker-content-digest)
  [ -n "$digest" ] || fail 3 "the registry names no digest for $1:$2"
}

case "${1:-} $#" in
  'repositories 1') pages "/v2/_catalog?n=${REGISTRY_PAGE_SIZE:-100}" repositories ;;
  'tags 2') pages "/v2/$2/tags/list" tags ;;
  'digest 3')
    find_digest "$2" "$3"
    echo "$digest"
    ;;
  'delete 3')
    case $3 in
      sha256:* | sha512:*) digest=$3 ;;
      *) find_digest "$2" "$3" ;;
    esac
    ask DELETE "/v2/$2/manifests/$digest"
    echo "deleted $2@$digest"
    ;;
  *) usage >&2 && exit 2 ;;
esac
