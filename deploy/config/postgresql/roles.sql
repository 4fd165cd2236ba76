-- The roles of the database "devices", for psql 14 or later as its superuser, in that database. Passwords come from the environment:
-- owner_password, service_password, monitor_password. What is there already gets the passwords anew.
\set ON_ERROR_STOP on
\getenv owner_password owner_password
\getenv service_password service_password
\getenv monitor_password monitor_password

-- All or nothing: a password that is not set is a syntax error further down.
BEGIN;

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['beastmark_owner', 'beastmark', 'beastmark_monitor']) AS name
WHERE name NOT IN (SELECT rolname FROM pg_roles)
\gexec

ALTER ROLE beastmark_owner PASSWORD :'owner_password';
ALTER ROLE beastmark PASSWORD :'service_password';
ALTER ROLE beastmark_monitor PASSWORD :'monitor_password';

-- Who is not named here cannot come into this database, nor make anything.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO beastmark_owner, beastmark, beastmark_monitor', current_database()) \gexec
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- The schema job is the owner and makes the table; the service inserts into it and is told the id, no more.
GRANT CREATE ON SCHEMA public TO beastmark_owner;
ALTER DEFAULT PRIVILEGES FOR ROLE beastmark_owner IN SCHEMA public GRANT INSERT, SELECT ON TABLES TO beastmark;

-- The exporter reads statistics.
GRANT pg_monitor TO beastmark_monitor;
COMMIT;
