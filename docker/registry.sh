#!/bin/sh
# Starts the registry, 2.8 or 3, with two secrets that nobody has to make up. http.secret is made once and kept beside its
# data: a registry without one makes another at each start, and uploads that span a restart fail. And what happens in the
# registry is told to Dockwarden, which has made the secret for that.
set -eu

say() { echo "registry.sh: $*" >&2; }
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

events_secret_file=${EVENTS_SECRET_FILE:-/shared/events-secret}
events_url=${EVENTS_URL:-http://dockwarden:5001/events}
configuration=''
for word; do configuration=$word; done

# Whether the configuration file names endpoints itself; the prepared one of earlier versions, never in use, doesn't count.
has_endpoints() {
  grep -q '^[[:space:]]*endpoints:' "$configuration" 2>/dev/null && ! grep -q 'put-the-secret-here' "$configuration"
}

# REGISTRY_NOTIFICATIONS_ENDPOINTS from .env wins, and so does the configuration file.
if [ -n "${REGISTRY_NOTIFICATIONS_ENDPOINTS:-}" ] || has_endpoints; then
  say "notifications go where the registry's own settings say"
elif [ -r "$events_secret_file" ] && grep -Eqx '[A-Za-z0-9_-]{16,}' "$events_secret_file"; then
  REGISTRY_NOTIFICATIONS_ENDPOINTS="[{name: dockwarden, url: $events_url, headers: {Authorization: [Bearer $(cat "$events_secret_file")]}, timeout: 1s, threshold: 5, backoff: ${EVENTS_BACKOFF:-1s}}]"
  REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES=true
  export REGISTRY_NOTIFICATIONS_ENDPOINTS REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES
  # A company's proxy, which Docker passes on to containers, doesn't know Dockwarden.
  host=${events_url#*://}
  NO_PROXY=${host%%[:/]*},${NO_PROXY:-${no_proxy:-}}
  export NO_PROXY no_proxy="$NO_PROXY"
else
  say "no secret in $events_secret_file: Dockwarden is not told what is pushed, pulled and deleted (restart dockwarden, then this)"
fi

exec registry "$@"
