-- +goose Up
-- What is still to be done; see docs/adr/0023. A job that is done is deleted.
-- Times are milliseconds since 1970, 0 is none.
CREATE TABLE job (
	id bigint NOT NULL PRIMARY KEY,
	kind text NOT NULL,
	key text NOT NULL DEFAULT '',
	args text NOT NULL,
	state text NOT NULL,
	due bigint NOT NULL,
	period bigint NOT NULL DEFAULT 0,
	added bigint NOT NULL DEFAULT 1,
	attempt bigint NOT NULL DEFAULT 0,
	worker text NOT NULL DEFAULT '',
	began bigint NOT NULL DEFAULT 0,
	failed bigint NOT NULL DEFAULT 0,
	reason text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX job_key ON job (kind, key) WHERE key <> '';
CREATE INDEX job_due ON job (state, due, id);
CREATE INDEX job_failed ON job (failed) WHERE failed <> 0;
