-- +goose Up
-- Who there is. What stands here of people may be erased; the log has
-- pseudonyms only.
CREATE TABLE organisation (
	id text NOT NULL PRIMARY KEY,
	kind text NOT NULL,
	name text NOT NULL,
	domain text NOT NULL,
	size text NOT NULL DEFAULT '',
	since text NOT NULL,
	body text NOT NULL DEFAULT '{}'
);
CREATE TABLE person (
	id text NOT NULL PRIMARY KEY,
	name text NOT NULL,
	contact text NOT NULL DEFAULT '',
	since text NOT NULL,
	erased text NOT NULL DEFAULT ''
);
-- What somebody may do, for which organisation, until which day.
CREATE TABLE office (
	person text NOT NULL,
	organisation text NOT NULL,
	role text NOT NULL,
	until_day text NOT NULL DEFAULT '',
	PRIMARY KEY (person, organisation, role)
);
CREATE INDEX office_role ON office (role, organisation);
CREATE TABLE competence (
	person text NOT NULL,
	area text NOT NULL,
	shown text NOT NULL,
	until_day text NOT NULL,
	PRIMARY KEY (person, area)
);
-- Declared interests of a person in an organisation; the organisation's own
-- people have one without declaring it.
CREATE TABLE interest (
	id text NOT NULL PRIMARY KEY,
	person text NOT NULL,
	organisation text NOT NULL,
	what text NOT NULL,
	from_day text NOT NULL,
	to_day text NOT NULL DEFAULT ''
);
CREATE INDEX interest_of ON interest (person, organisation);

-- What goes on. draft is the decision that waits for signatures.
CREATE TABLE matter (
	id text NOT NULL PRIMARY KEY,
	kind text NOT NULL,
	state text NOT NULL,
	version bigint NOT NULL,
	subject text NOT NULL DEFAULT '',
	maker text NOT NULL DEFAULT '',
	product text NOT NULL DEFAULT '',
	certifier text NOT NULL DEFAULT '',
	about text NOT NULL DEFAULT '',
	draft text NOT NULL DEFAULT '',
	opened text NOT NULL,
	moved text NOT NULL,
	due text NOT NULL DEFAULT '',
	remind text NOT NULL DEFAULT '',
	clock text NOT NULL DEFAULT '',
	days_left bigint NOT NULL DEFAULT 0,
	body text NOT NULL DEFAULT '{}'
);
CREATE INDEX matter_day ON matter (remind, due, id);
CREATE INDEX matter_state ON matter (kind, state, id);
CREATE INDEX matter_subject ON matter (subject, kind);
CREATE INDEX matter_maker ON matter (maker, id);
CREATE INDEX matter_product ON matter (maker, kind, product, state);
CREATE INDEX matter_about ON matter (about, kind);

-- Who has which part in a case.
CREATE TABLE part (
	matter text NOT NULL,
	person text NOT NULL,
	role text NOT NULL,
	organisation text NOT NULL,
	since text NOT NULL,
	PRIMARY KEY (matter, person, role)
);
CREATE INDEX part_person ON part (person, matter);

-- The audit trail: one row for each act, in the order of the case, each with
-- the hash of the one before. key makes an act that is sent again the same.
CREATE TABLE act (
	id text NOT NULL PRIMARY KEY,
	matter text NOT NULL,
	version bigint NOT NULL,
	at_time text NOT NULL,
	person text NOT NULL,
	organisation text NOT NULL,
	role text NOT NULL,
	via text NOT NULL,
	act text NOT NULL,
	from_state text NOT NULL,
	to_state text NOT NULL,
	key text,
	body text NOT NULL,
	hash text NOT NULL
);
CREATE UNIQUE INDEX act_version ON act (matter, version);
CREATE UNIQUE INDEX act_key ON act (person, key);
CREATE INDEX act_person ON act (person, matter);

-- A decision that waits for signatures or votes.
CREATE TABLE draft (
	id text NOT NULL PRIMARY KEY,
	matter text NOT NULL,
	act text NOT NULL,
	type text NOT NULL,
	state text NOT NULL,
	by_person text NOT NULL,
	since text NOT NULL,
	slot bigint NOT NULL DEFAULT -1 -- of a grant: its place in the status lists
);
CREATE INDEX draft_matter ON draft (matter, id);
CREATE INDEX draft_slot ON draft (slot, state);
CREATE TABLE vote (
	draft text NOT NULL,
	person text NOT NULL,
	organisation text NOT NULL,
	role text NOT NULL,
	vote text NOT NULL,
	reason text NOT NULL,
	at_time text NOT NULL,
	PRIMARY KEY (draft, person)
);

-- Who paid whom, for what. Amounts are whole units of the currency.
CREATE TABLE payment (
	id text NOT NULL PRIMARY KEY,
	matter text NOT NULL,
	subject text NOT NULL,
	service text NOT NULL,
	payer text NOT NULL,
	payee text NOT NULL,
	units bigint NOT NULL,
	amount bigint NOT NULL,
	currency text NOT NULL,
	on_day text NOT NULL
);
CREATE INDEX payment_subject ON payment (subject, id);
CREATE INDEX payment_day ON payment (on_day, id);
CREATE INDEX payment_matter ON payment (matter, id);

-- Inspection notes, in the order in which they were handed in: the version of
-- the case, and the place within the act. None is written over. carried is the
-- case from which a note was carried over.
CREATE TABLE inspection (
	matter text NOT NULL,
	version bigint NOT NULL,
	place bigint NOT NULL,
	criterion text NOT NULL,
	person text NOT NULL,
	act text NOT NULL,
	carried text NOT NULL DEFAULT '',
	body text NOT NULL,
	PRIMARY KEY (matter, version, place)
);
CREATE INDEX inspection_person ON inspection (person, matter);
