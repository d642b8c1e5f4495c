#!/bin/sh
# Starts the registry, 2.8 or 3, with an http.secret that is made once and kept beside its data. A registry without one
# makes another at each start, and uploads that span a restart fail.
set -eu

secret_file=${HTTP_SECRET_FILE:-/var/lib/registry/.http-secret}

# REGISTRY_HTTP_SECRET from .env wins: several registries behind one door need the same.
if [ -z "${REGISTRY_HTTP_SECRET:-}" ]; then
  if [ ! -s "$secret_file" ]; then
    draft=$secret_file.$$
    (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$draft")
    mv "$draft" "$secret_file"
  fi
  REGISTRY_HTTP_SECRET=$(cat "$secret_file")
fi
export REGISTRY_HTTP_SECRET

exec registry "$@"
