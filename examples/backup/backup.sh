#!/usr/bin/env bash
# A backup with the date in its name, encrypted if a recipient is given; older ones are removed when the new one is there.
#
#   BACKUP_DIR        where to (/var/backups/dockwarden)
#   BACKUP_KEEP_DAYS  how long they are kept (30)
#   AGE_RECIPIENT     or GPG_RECIPIENT: encrypt for this key
#   DOCKWARDEN        how the command line is reached, without quotes inside; the stack in the present folder if unset
set -euo pipefail
umask 077

folder=${BACKUP_DIR:-/var/backups/dockwarden}
keep_days=${BACKUP_KEEP_DAYS:-30}
read -r -a dockwarden <<<"${DOCKWARDEN:-docker compose exec -T dockwarden dw}"

case $keep_days in
  '' | *[!0-9]*) echo "BACKUP_KEEP_DAYS must be a number of days, not: $keep_days" >&2; exit 2 ;;
esac

encrypt=(cat)
suffix=tar
if [ -n "${AGE_RECIPIENT:-}" ]; then
  encrypt=(age --encrypt --recipient "$AGE_RECIPIENT")
  suffix=tar.age
elif [ -n "${GPG_RECIPIENT:-}" ]; then
  encrypt=(gpg --batch --encrypt --recipient "$GPG_RECIPIENT")
  suffix=tar.gpg
fi

mkdir -p "$folder"
draft=$(mktemp "$folder/.new-XXXXXXXX")
trap 'rm -f "$draft"' EXIT
# With pipefail a backup that fails is no backup, whatever the encryptor made of it.
"${dockwarden[@]}" backup - </dev/null | "${encrypt[@]}" >"$draft"
sync "$draft"
target=$folder/dockwarden-$(date -u +%Y%m%dT%H%M%SZ).$suffix
mv -n "$draft" "$target"
find "$folder" -maxdepth 1 -type f -name 'dockwarden-*.tar*' -mtime "+$keep_days" -delete
echo "$target"
