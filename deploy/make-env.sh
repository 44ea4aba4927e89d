#!/usr/bin/env bash
# Writes .env for docker-compose.yml: deploy/env.example with a random value for each name that has none, readable by its
# owner only. Never replaces one that is there, because volumes were made with its passwords.   deploy/make-env.sh [FILE]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${1:-$here/../.env}

if [[ -e $target ]]; then
  printf '%s is there already: the volumes were made with its passwords. Remove both, or keep both.\n' "$target" >&2
  exit 1
fi

umask 077
draft=$(mktemp "$target.XXXXXX")
trap 'rm -f "$draft"' EXIT
while IFS= read -r line; do
  if [[ $line =~ ^[A-Z_]+=$ ]]; then
    random=$(od -An -v -N 32 -t x1 /dev/urandom | tr -d ' \n')
    [[ ${#random} -eq 64 ]] || { printf 'no randomness\n' >&2; exit 1; }
    line+=$random
  fi
  printf '%s\n' "$line"
done <"$here/env.example" >"$draft"
# Unlike a rename, a link fails when somebody else was quicker.
ln "$draft" "$target"
printf 'Wrote %s. The first login: user admin, password DEPLOY_ADMIN_PASSWORD of that file.\n' "$target"
