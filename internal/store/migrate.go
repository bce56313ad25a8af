package store

import (
	"context"
	"embed"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// One text for both engines. A migration only adds: the release before must
// run on the tables of the one after it, so that a step back is a matter of
// starting the old program.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies what is missing. Two processes that start at once do it one
// after the other. Migrations of a later release, which this one does not
// know, are left alone.
func (d *DB) migrate(ctx context.Context) error {
	l, err := d.lead(ctx, "migrate", true)
	if err != nil {
		return err
	}
	defer l.Release()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	dialect := goose.DialectSQLite3
	if d.engine == PostgreSQL {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, d.write, files, goose.WithTableName("migration"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have >= want { // nothing to write: a database that may only be read can still be looked at
		return nil
	}
	_, err = p.Up(ctx)
	return err
}
