#!/bin/bash
# The database's three users: one changes the schema, the agents read and write, Grafana reads. What they may do `leeway
# migrate` says; here are the names, the passwords, and whose the database is. May be run again.
set -eu
secrets=${SECRETS:-/run/secrets}
# In the environment, not in arguments, which every process of the machine can read.
PGPASSWORD=$(cat "$secrets/postgres")
AGENT=$(cat "$secrets/database") MIGRATE=$(cat "$secrets/database_migrate") READER=$(cat "$secrets/database_grafana")
export PGPASSWORD AGENT MIGRATE READER

psql -X -q -v ON_ERROR_STOP=1 <<'END'
\getenv agent AGENT
\getenv migrate MIGRATE
\getenv reader READER
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY['leeway_migrate', 'leeway', 'grafana']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE leeway_migrate CREATEROLE PASSWORD :'migrate';
ALTER ROLE leeway PASSWORD :'agent';
ALTER ROLE grafana PASSWORD :'reader';
ALTER DATABASE leeway OWNER TO leeway_migrate;
END
