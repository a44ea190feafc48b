#!/bin/sh
# Makes the passwords that docker-compose.yml hands to its services: deploy/secrets/*, once.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
for name in postgres-password hive-password auditor-password lakewarden-password; do
    test -s "secrets/$name" || od -An -tx1 -N24 /dev/urandom | tr -d ' \n' >"secrets/$name"
done
# The services run as plain users of their own, who are none of this machine's.
chmod 0644 secrets/*
chmod 0711 secrets
