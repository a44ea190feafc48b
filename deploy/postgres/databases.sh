#!/bin/sh
# Makes the metastore's database with Hive's own schema, and Lakewarden's. Run once, by the
# superuser, when PostgreSQL is new. Passwords come from the secrets; `psql` quotes them.
set -eu

secret() { cat "${SECRETS:-/run/secrets}/$1"; }

psql --set ON_ERROR_STOP=1 --quiet --dbname postgres \
    --set hive="$(secret hive-password)" \
    --set auditor="$(secret auditor-password)" \
    --set lakewarden="$(secret lakewarden-password)" <<'SQL'
CREATE ROLE hive LOGIN PASSWORD :'hive';
CREATE ROLE auditor LOGIN PASSWORD :'auditor';
CREATE ROLE lakewarden LOGIN PASSWORD :'lakewarden';
CREATE DATABASE metastore OWNER hive;
CREATE DATABASE lakewarden OWNER lakewarden;
REVOKE CONNECT ON DATABASE metastore FROM PUBLIC;
GRANT CONNECT ON DATABASE metastore TO auditor;
SQL

# The tables are Hive's; the auditor reads them, those to come too, and nothing else.
psql --set ON_ERROR_STOP=1 --quiet --dbname metastore <<SQL
SET ROLE hive;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO auditor;
\i ${SCHEMA:-/schema/hive-schema-4.0.0.postgres.sql}
GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor;
SQL
