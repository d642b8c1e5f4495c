#!/bin/sh
# Builds, registers and pushes a family of model images: one Dockerfile, a build argument VARIANT, a tag for each variant.
#
#   examples/build-and-push.sh registry.example.com/telechat developer,group:ml
#   examples/build-and-push.sh --separate registry.example.com/telechat developer,group:ml 7b-int4 12b-int4
#
# Who may use them is said to Dockwarden before anything is pushed, so that no image is ever open by mistake.
#   as it is      the variants are tags of one repository (telechat:7b-fp16), and all of them have the same users: a registry
#                 alone can't keep tags apart
#   --separate    each variant is a repository (telechat/7b-fp16:latest), whose users can differ:
#                 dockwarden access grant telechat/12b-fp16 reader --actions pull
#
# Environment: CONTEXT, the folder with the Dockerfile (.); DOCKWARDEN, the command line of Dockwarden
# (docker compose exec -T dockwarden dw); DOCKER (docker). Log in first: docker login registry.example.com
set -eu

fail() {
  echo "build-and-push.sh: $*" >&2
  exit 2
}

separate=no
if [ "${1:-}" = --separate ]; then
  separate=yes
  shift
fi
[ $# -ge 2 ] || fail "usage: build-and-push.sh [--separate] REGISTRY/REPOSITORY USERS [VARIANT…]"
case $1 in
  *://*) fail "leave ${1%%://*}:// out" ;;
  */) fail "$1 names no repository" ;;
esac
# As docker reads it: a first part without . or : is no registry, and the image would go to a public one.
case $1 in
  localhost/* | *.*/* | *:*/*) ;;
  *) fail "$1 names no registry; write it as registry.example.com/$1" ;;
esac
case ${1#*/} in *:* | *@*) fail "leave the tag out of $1: the variants are the tags" ;; esac
host=${1%%/*} repository=${1#*/} users=$2
shift 2
[ $# -gt 0 ] || set -- 7b-fp16 7b-int8 7b-int4 12b-fp16 12b-int8 12b-int4

context=${CONTEXT:-.}
docker=${DOCKER:-docker}
dockwarden=${DOCKWARDEN:-docker compose exec -T dockwarden dw}
[ -e "$context/Dockerfile" ] || fail "there is no $context/Dockerfile; set CONTEXT to the folder that has it"
grep -Eq '^[[:space:]]*ARG[[:space:]]+VARIANT' "$context/Dockerfile" ||
  fail "$context/Dockerfile has no line ARG VARIANT, so every variant would be the same; set CONTEXT to the model's folder"

# Registering the same again changes nothing; other users than before are refused, and the answer names image update.
register() { $dockwarden image register "$1" --users "$users" --description "built by build-and-push.sh"; }

if [ "$separate" = no ]; then register "$repository"; fi
for variant in "$@"; do
  image=$repository:$variant
  if [ "$separate" = yes ]; then
    image=$repository/$variant:latest
    register "$repository/$variant"
  fi
  echo "--- $image"
  $docker build --no-cache --build-arg "VARIANT=$variant" --tag "$host/$image" "$context"
  $docker push "$host/$image"
done
