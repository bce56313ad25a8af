-- +goose Up
-- Who this database is; a copy of it is the same one.
CREATE TABLE identity (
	name text NOT NULL PRIMARY KEY,
	value text NOT NULL
);

-- Numbers that are handed out one after the other, in the order of commits.
CREATE TABLE counter (
	name text NOT NULL PRIMARY KEY,
	n bigint NOT NULL
);
INSERT INTO counter (name, n) VALUES ('outbox', 0);
