-- +goose Up
-- What this database belongs to: the scheme and the key of its log.
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

-- Signed entries on their way into the log, in the order of decisions.
CREATE TABLE outbox (
	seq bigint NOT NULL PRIMARY KEY,
	id text NOT NULL UNIQUE,
	chain text NOT NULL,
	type text NOT NULL,
	leaf text NOT NULL UNIQUE,
	note text NOT NULL,
	idx bigint,
	fault text NOT NULL DEFAULT ''
);
CREATE INDEX outbox_unsent ON outbox (idx, seq);
CREATE INDEX outbox_chain ON outbox (chain, seq);

-- The attestation cycle of each decision; see docs/adr/0018.
CREATE TABLE attestation (
	id text NOT NULL PRIMARY KEY,
	step text NOT NULL,
	chain text NOT NULL,
	type text NOT NULL,
	decision text NOT NULL,
	signed_text text NOT NULL DEFAULT '',
	note text NOT NULL DEFAULT '',
	idx bigint,
	proof text NOT NULL DEFAULT '',
	reason text NOT NULL DEFAULT ''
);
CREATE INDEX attestation_step ON attestation (step, id);

CREATE TABLE attestation_signature (
	id text NOT NULL,
	name text NOT NULL,
	key_id bigint NOT NULL,
	signature text NOT NULL,
	PRIMARY KEY (id, name, key_id)
);

-- The public projection of the log: what follows is made from it, and made
-- again from it by iotmark rebuild.
CREATE TABLE projection (
	name text NOT NULL PRIMARY KEY,
	applied bigint NOT NULL,
	root text NOT NULL,
	as_of text NOT NULL,
	hash text NOT NULL,
	hashed bigint NOT NULL
);

-- Every entry of the log; reason says why it is void.
CREATE TABLE event (
	idx bigint NOT NULL PRIMARY KEY,
	id text NOT NULL,
	type text NOT NULL,
	subject text NOT NULL,
	claimed text NOT NULL,
	witnessed bigint NOT NULL,
	leaf text NOT NULL,
	reason text NOT NULL,
	msg text NOT NULL
);
CREATE INDEX event_subject ON event (subject, idx);
CREATE INDEX event_void ON event (reason, idx);

-- The last entry with effect of each chain.
CREATE TABLE chain (
	chain text NOT NULL PRIMARY KEY,
	leaf text NOT NULL,
	idx bigint NOT NULL
);

CREATE TABLE mark (
	subject text NOT NULL PRIMARY KEY,
	slot bigint NOT NULL,
	code text NOT NULL,
	state text NOT NULL,
	maker text NOT NULL,
	product text NOT NULL,
	category text NOT NULL,
	valid_until text NOT NULL,
	body text NOT NULL
);
CREATE INDEX mark_code ON mark (code);
CREATE INDEX mark_slot ON mark (slot);
CREATE INDEX mark_product ON mark (product);

CREATE TABLE mark_gtin (
	gtin text NOT NULL,
	subject text NOT NULL,
	PRIMARY KEY (subject, gtin)
);
CREATE INDEX mark_gtin_gtin ON mark_gtin (gtin);

CREATE TABLE product (
	subject text NOT NULL PRIMARY KEY,
	maker text NOT NULL,
	declaration text NOT NULL,
	body text NOT NULL
);

CREATE TABLE edition (
	edition text NOT NULL PRIMARY KEY,
	from_day text NOT NULL,
	withdrawn text NOT NULL,
	body text NOT NULL
);

-- All else that a replay gives, one row each: organisations, makers,
-- proposals, key ring, status, corrections, anchors.
CREATE TABLE fact (
	kind text NOT NULL,
	name text NOT NULL,
	body text NOT NULL,
	PRIMARY KEY (kind, name)
);
