#!/bin/sh
# A certificate for a laboratory, with the names and addresses it is really used by, into tls/, and how clients come to
# trust it. Not for the open internet: compose.caddy.yml gets real certificates by itself.
#
#   sh door/lab-certificate.sh registry.lab 192.168.1.10
#
# Run again to renew, or with other names: the CA stays, and with it everybody's trust. Needs openssl, 1.1.1 or later.
set -eu

root=$(CDPATH='' cd -- "$(dirname "$0")/.." && pwd)
# What .env says, as compose reads it.
setting() { sed -n "s/^$1=//p" "$root/.env" 2>/dev/null | tail -n 1 | tr -d '\r"'; }
tls_setting=${TLS_DIR:-$(setting TLS_DIR)}
case $tls_setting in
  '') tls=$root/tls ;;
  /*) tls=$tls_setting ;;
  *) tls=$root/$tls_setting ;;
esac
ca=${LAB_CA_DIR:-$root/tls-ca}
port=${REGISTRY_PORT:-$(setting REGISTRY_PORT)}
port=${port:-5000}
days=${LAB_CERTIFICATE_DAYS:-397}

fail() {
  echo "lab-certificate: $*" >&2
  exit 1
}

[ $# -gt 0 ] || fail "name what clients type before an image, such as: sh door/lab-certificate.sh registry.lab 192.168.1.10"
command -v openssl >/dev/null || fail "openssl is not here; install it (apt-get install openssl, apk add openssl, brew install openssl)"

names='' number=0
for name in "$@"; do
  number=$((number + 1))
  if printf '%s' "$name" | grep -Eq '^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\.|$)){4}$|^[0-9A-Fa-f]*:[0-9A-Fa-f:.]+$'; then
    names="${names}IP.$number = $name
"
  elif printf '%s' "$name" | grep -Eq '^[0-9.]+$'; then
    fail "$name is no address: four numbers from 0 to 255"
  elif printf '%s' "$name" | grep -Eq '^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$'; then
    names="${names}DNS.$number = $name
"
  else
    fail "$name is neither a host name nor an address; leave out https:// and the port"
  fi
done

umask 077
mkdir -p "$tls" "$ca"
draft=$(mktemp -d)
trap 'rm -rf "$draft"' EXIT

if [ ! -s "$ca/ca.key" ] || [ ! -s "$ca/ca.crt" ]; then
  cat >"$draft/ca.cnf" <<END
[req]
distinguished_name = subject
prompt = no
x509_extensions = ca
[subject]
CN = Dockwarden laboratory CA
[ca]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
END
  openssl ecparam -name prime256v1 -genkey -noout -out "$draft/ca.key"
  openssl req -x509 -new -sha256 -key "$draft/ca.key" -days 3650 -config "$draft/ca.cnf" -out "$draft/ca.crt"
  mv "$draft/ca.key" "$draft/ca.crt" "$ca/"
fi

cat >"$draft/door.cnf" <<END
[req]
distinguished_name = subject
prompt = no
[subject]
CN = Dockwarden laboratory door
[door]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = @names
[names]
$names
END
openssl ecparam -name prime256v1 -genkey -noout -out "$draft/tls.key"
openssl req -new -sha256 -key "$draft/tls.key" -config "$draft/door.cnf" -out "$draft/door.csr"
openssl x509 -req -sha256 -in "$draft/door.csr" -CA "$ca/ca.crt" -CAkey "$ca/ca.key" \
  -set_serial "0x$(openssl rand -hex 16)" -days "$days" -extfile "$draft/door.cnf" -extensions door -out "$draft/tls.crt" 2>/dev/null ||
  fail "openssl could not sign the certificate; is $ca/ca.crt still valid? Remove $ca to begin anew, and trust the new CA"
chmod 644 "$draft/tls.crt" "$ca/ca.crt"
chmod 755 "$ca"
mv "$draft/tls.key" "$draft/tls.crt" "$tls/"

# One more line in .env; a later one of the same name wins.
add_setting() {
  # A file without a line end at its end would swallow the new line.
  if [ -s "$root/.env" ] && [ -n "$(tail -c 1 "$root/.env")" ]; then echo >>"$root/.env"; fi
  echo "$1" >>"$root/.env"
  chmod 600 "$root/.env"
}

# What people write before an image's name, so that commands know it for this registry; what .env has already stays.
hosts=$(setting DOCKWARDEN_REGISTRY__HOSTS)
known=${hosts:-localhost}
for name in "$@"; do
  case $name in *:*) name="[$name]" ;; esac
  case ",$known," in *",$name,"*) ;; *) known=$known,$name ;; esac
done

opened='the door takes it over within seconds'
if [ -z "${TLS_DIR:-}" ]; then
  if [ "$known" != "$hosts" ]; then
    sed -i.before -e '/^DOCKWARDEN_REGISTRY__HOSTS=/d' "$root/.env" 2>/dev/null && rm -f "$root/.env.before"
    add_setting "DOCKWARDEN_REGISTRY__HOSTS=$known"
    opened='and .env has its names, for commands (DOCKWARDEN_REGISTRY__HOSTS): docker compose up --detach'
  fi
  # The door listens on 127.0.0.1 until TLS is on; from now on it is.
  if ! grep -Eqs '^DOOR_BIND=' "$root/.env"; then
    add_setting 'DOOR_BIND=0.0.0.0'
    opened="$opened
and .env lets others reach it (DOOR_BIND=0.0.0.0): docker compose up --detach"
  fi
fi

cat <<END
The door's certificate is in $tls for: $*
$opened

Every client must trust $ca/ca.crt (and nothing else from that folder):
END
for name in "$@"; do
  case $name in *:*) name="[$name]" ;; esac
  cat <<END

  docker       sudo install -D -m 644 ca.crt '/etc/docker/certs.d/$name:$port/ca.crt'
  podman       sudo install -D -m 644 ca.crt '/etc/containers/certs.d/$name:$port/ca.crt'     (skopeo, buildah too)
  containerd   sudo install -D -m 644 ca.crt '/etc/containerd/certs.d/$name:$port/ca.crt'
               printf 'server = "https://$name:$port"\n[host."https://$name:$port"]\n  ca = "/etc/containerd/certs.d/$name:$port/ca.crt"\n' |
                 sudo tee '/etc/containerd/certs.d/$name:$port/hosts.toml'
END
done
cat <<END

Docker Desktop: put ca.crt into the system's key chain (macOS) or certificate store (Windows) and restart Docker.
containerd: config_path = "/etc/containerd/certs.d" must be set for the registry plugin; ctr takes --hosts-dir.
END
