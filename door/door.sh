#!/bin/sh
# Starts the door: writes nginx's configuration from nginx.conf and the environment, then becomes nginx. Needs only a shell,
# sed and nginx, and writes below /tmp. A certificate and key in /tls make it HTTPS; changes there are taken over while
# it runs.
set -eu

here=$(dirname "$0")
tls=${DOOR_TLS_DIRECTORY:-/tls}
run=${DOOR_RUN_DIRECTORY:-/tmp/door}
port=${DOOR_PORT:-5000}
health_port=${DOOR_HEALTH_PORT:-8081}
reload_seconds=${DOOR_RELOAD_SECONDS:-10}

say() { echo "door: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

# Sets certificate and key, both empty where there are none; 1 where only one of the two is there.
find_pair() {
  certificate='' key=''
  for pair in "tls.crt tls.key" "fullchain.pem privkey.pem"; do
    if [ -e "$tls/${pair% *}" ] || [ -e "$tls/${pair#* }" ]; then
      certificate=$tls/${pair% *} key=$tls/${pair#* }
      [ -r "$certificate" ] && [ -r "$key" ]
      return
    fi
  done
}

# What the pair is now, in one word.
fingerprint() {
  cat "$tls/tls.crt" "$tls/tls.key" "$tls/fullchain.pem" "$tls/privkey.pem" 2>/dev/null | cksum | tr ' ' -
}

# Where registry and Dockwarden are asked for anew, so that either may be restarted and come back with another address.
find_resolver() {
  name_server=$(sed -n 's/^nameserver[[:space:]]*\([^[:space:]]*\).*/\1/p' /etc/resolv.conf | head -n 1)
  case $name_server in
    '') fail "/etc/resolv.conf names no name server; run the door in a network of Docker's own (docker compose does)" ;;
    *:*) echo "[$name_server]" ;;
    *) echo "$name_server" ;;
  esac
}

check_public_url() {
  public_url=${PUBLIC_URL:-}
  # compose.caddy.yml makes it of DOMAIN and port; clients don't write 443.
  if [ -z "$public_url" ]; then public_url=$(printf '%s' "${DEFAULT_PUBLIC_URL:-}" | sed 's/^\(https:.*\):443$/\1/'); fi
  public_url=${public_url%/}
  if [ -z "$public_url" ]; then return; fi
  # Each line is looked at; a second one would end up in nginx's configuration.
  if [ "$(printf '%s' "$public_url" | wc -l)" -ne 0 ] ||
    ! printf '%s' "$public_url" | grep -Eq '^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[1-9][0-9]{0,4})?$'; then
    fail "PUBLIC_URL is $public_url; it must be scheme, host and perhaps port, such as https://registry.example.com"
  fi
  public_port=$(printf '%s' "$public_url" | sed -n 's/.*:\([0-9]*\)$/\1/p')
  if [ "${public_port:-1}" -gt 65535 ]; then
    fail "PUBLIC_URL is $public_url; a port is a number from 1 to 65535"
  fi
}

# One line of nginx's for each address or range in DOOR_TRUSTED_PROXIES: $1 is what stands before it, $2 what stands behind.
each_proxy() {
  for range in $(printf '%s' "${DOOR_TRUSTED_PROXIES:-}" | tr ',' ' '); do
    if ! printf '%s' "$range" | grep -Eq '^[0-9A-Fa-f:.]+(/[0-9]+)?$'; then
      fail "DOOR_TRUSTED_PROXIES has $range; it must be a list of addresses and ranges such as 10.0.0.0/8"
    fi
    printf '%s %s%s;\n' "$1" "$range" "$2"
  done
}

# Who answers the catalogue: Dockwarden, to each person their part of it, or the registry, to admins.
write_catalog() {
  case ${DOOR_CATALOG:-filtered} in
    admin) ;;
    filtered)
      cat <<'END'
location = /v2/_catalog {
  proxy_read_timeout 30s;
  proxy_hide_header WWW-Authenticate;
  add_header WWW-Authenticate $challenge always;
  proxy_pass $dockwarden/v2/_catalog$is_args$args;
}
END
      ;;
    *) fail "DOOR_CATALOG is $DOOR_CATALOG; it must be filtered or admin, as policy.catalog" ;;
  esac
}

# Writes $run/nginx.conf for the pair that find_pair has set.
render() {
  scheme='$client_scheme' host='$client_host'
  if [ -n "$public_url" ]; then scheme=${public_url%%://*} host=${public_url#*://}; fi
  listen="$port"
  : >"$run/tls.conf"
  if [ -n "$certificate" ]; then
    listen="$port ssl"
    printf 'ssl_certificate %s;\nssl_certificate_key %s;\n' "$certificate" "$key" >"$run/tls.conf"
  fi
  each_proxy set_real_ip_from '' >"$run/real-ip.conf"
  each_proxy '' ' 1' >"$run/proxies.conf"
  write_catalog >"$run/catalog.conf"
  sed -e "s|@RUN@|$run|g" -e "s|@USER@|nobody $(id -gn nobody)|" -e "s|@RESOLVER@|$resolver|" \
    -e "s|@LISTEN@|$listen|" -e "s|@SCHEME@|$scheme|" -e "s|@HOST@|$host|" \
    -e "s|@REGISTRY@|${DOOR_REGISTRY:-registry:5000}|" -e "s|@DOCKWARDEN@|${DOOR_DOCKWARDEN:-dockwarden:5001}|" \
    -e "s|@HEALTH@|$health_port|" "$here/nginx.conf" >"$run/nginx.conf"
}

try_configuration() { nginx -t -q -e stderr -c "$run/nginx.conf"; }

# Says once that the certificate in use, $1, has ended or ends within a week; $warned is what was said last.
warn_of_end() {
  if [ -z "$1" ] || ! command -v openssl >/dev/null; then return 0; fi
  if openssl x509 -in "$1" -noout -checkend 604800 >/dev/null 2>&1; then return 0; fi
  stage=soon
  openssl x509 -in "$1" -noout -checkend 0 >/dev/null 2>&1 || stage=over
  word="$stage $(openssl x509 -in "$1" -noout -enddate 2>/dev/null | sed 's/^notAfter=//')"
  if [ "$word" = "$warned" ]; then return 0; fi
  warned=$word
  case $stage in
    over) say "WARNING: the certificate in $1 has EXPIRED (${word#over }): clients refuse it; put a new one there with its key" ;;
    soon) say "warning: the certificate in $1 ends on ${word#soon }; put a new one there with its key" ;;
  esac
}

# Takes over a pair that has come or changed. A pair that doesn't fit yet is tried again: the two files of a
# renewal come one after the other.
watch() {
  seen=$1 in_use=$certificate told=''
  # $$ is nginx's own number, also in here: without it there is nothing to watch for.
  while sleep "$reload_seconds" && kill -0 "$$" 2>/dev/null; do
    now=$(fingerprint)
    if [ "$now" = "$seen" ]; then
      if [ -n "$told" ]; then say "certificate and key in $tls are again those in use"; fi
      told=''
      warn_of_end "$in_use"
      continue
    fi
    complaint=''
    if find_pair && [ -n "$certificate" ] && render && complaint=$(try_configuration 2>&1); then
      nginx -s reload -e stderr -c "$run/nginx.conf" && seen=$now told='' in_use=$certificate
      say "certificate and key taken over from $certificate"
      warn_of_end "$certificate"
    elif [ "$told" != "$now" ]; then
      told=$now
      say "certificate and key in $tls can't be used, the old ones stay in use: ${complaint:-one of the two is missing}"
    fi
  done
}

warned=''
mkdir -p "$run"
if [ "$port" = "$health_port" ]; then fail "DOOR_PORT and DOOR_HEALTH_PORT are both $port; the health check needs a port of its own"; fi
check_public_url
resolver=$(find_resolver)
# Without certificate first, so that it isn't blamed for what it didn't do.
certificate='' key=''
render
try_configuration || fail "nginx refuses its configuration, for the reason above; it is made of DOOR_TRUSTED_PROXIES (${DOOR_TRUSTED_PROXIES:-not set}), PUBLIC_URL and door/nginx.conf"
find_pair || fail "$tls has only one of certificate and key, or it can't be read; put both there (tls/README.md)"
first=$(fingerprint)
render
try_configuration || fail "nginx refuses its configuration, for the reason above; a certificate and key in $tls must be PEM and fit each other"
if [ -n "$certificate" ]; then
  say "HTTPS, with $certificate"
  warn_of_end "$certificate"
else
  say "plain HTTP; a certificate and key in $tls turn it to HTTPS (tls/README.md)"
  case ${DOOR_BIND:-127.0.0.1} in
    127.* | ::1 | '[::1]') ;;
    *) say "warning: others can reach it (DOOR_BIND=$DOOR_BIND), and passwords cross the network in the clear" ;;
  esac
fi
watch "$first" &
exec nginx -e stderr -c "$run/nginx.conf" -g 'daemon off;'
