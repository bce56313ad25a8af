-- +goose Up
-- The evidence store (internal/vault): what is known of each piece of
-- evidence, by the SHA-256 of its bytes. The bytes are in the folder or
-- bucket, encrypted, under the name object; wrapped is the key of this one
-- piece, encrypted for the vault's key whose name is wrapped_for.
CREATE TABLE vault_piece (
	digest text NOT NULL PRIMARY KEY,
	size bigint NOT NULL,
	class text NOT NULL,
	type text NOT NULL,
	state text NOT NULL,
	object text NOT NULL,
	wrapped text NOT NULL,
	wrapped_for text NOT NULL,
	personal boolean NOT NULL,
	until text NOT NULL DEFAULT '',
	added text NOT NULL,
	added_by text NOT NULL,
	ended text NOT NULL DEFAULT '',
	ended_by text NOT NULL DEFAULT '',
	ended_why text NOT NULL DEFAULT ''
);
CREATE INDEX vault_piece_object ON vault_piece (object);
CREATE INDEX vault_piece_until ON vault_piece (state, until);
CREATE INDEX vault_piece_wrapped ON vault_piece (wrapped_for, digest);

-- Which pieces belong to which case, under which name.
CREATE TABLE vault_binding (
	case_id text NOT NULL,
	digest text NOT NULL,
	name text NOT NULL,
	class text NOT NULL,
	declared text NOT NULL,
	bound text NOT NULL,
	bound_by text NOT NULL,
	PRIMARY KEY (case_id, digest, name)
);
CREATE INDEX vault_binding_digest ON vault_binding (digest);

-- Why a piece must stay, whatever else is asked.
CREATE TABLE vault_hold (
	digest text NOT NULL,
	name text NOT NULL,
	why text NOT NULL,
	since text NOT NULL,
	held_by text NOT NULL,
	PRIMARY KEY (digest, name)
);

-- Who read what is restricted, when and why: written before the first byte.
CREATE TABLE vault_reading (
	id text NOT NULL PRIMARY KEY,
	digest text NOT NULL,
	case_id text NOT NULL,
	person text NOT NULL,
	why text NOT NULL,
	at text NOT NULL
);
CREATE INDEX vault_reading_digest ON vault_reading (digest, at);
CREATE INDEX vault_reading_case ON vault_reading (case_id, at);

-- Objects of no piece: on their way in, or out.
CREATE TABLE vault_loose (
	object text NOT NULL PRIMARY KEY,
	since text NOT NULL,
	leaving boolean NOT NULL
);
