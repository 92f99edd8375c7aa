-- The database's roles. Tables belong to studium_owner, which nobody can sign in as: `deploy`, who
-- migrates, takes it on at sign-in; the application reads and writes rows; `backup` reads.
\set ON_ERROR_STOP on
SELECT format('CREATE ROLE %I NOLOGIN', name) FROM (VALUES ('studium_owner')) AS wanted (name)
    WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
SELECT format('CREATE ROLE %I LOGIN', name)
    FROM (VALUES ('studium'), ('deploy'), ('studium-backup')) AS wanted (name)
    WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec
SELECT 'CREATE DATABASE studium OWNER studium_owner ENCODING ''UTF8'' TEMPLATE template0'
    WHERE 'studium' NOT IN (SELECT datname FROM pg_database) \gexec
GRANT studium_owner TO deploy;
-- the proof that a backup restores is made in a scratch database of its own
ALTER ROLE studium CREATEDB;
ALTER ROLE "studium-backup" CREATEDB;
GRANT pg_read_all_data TO "studium-backup";
ALTER ROLE deploy IN DATABASE studium SET role = 'studium_owner';
REVOKE ALL ON DATABASE studium FROM PUBLIC;
GRANT CONNECT ON DATABASE studium TO studium, deploy, "studium-backup";
\connect studium
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO studium_owner;
GRANT USAGE ON SCHEMA public TO studium, "studium-backup";
ALTER DEFAULT PRIVILEGES FOR ROLE studium_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO studium;
ALTER DEFAULT PRIVILEGES FOR ROLE studium_owner IN SCHEMA public
    GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO studium;
