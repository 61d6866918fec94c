package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// Migrate brings the schema to this program's version, one transaction per
// step, so that a crash leaves whole steps only. Nodes that start together take
// turns. It refuses a database written by a newer program.
func (d *DB) Migrate(ctx context.Context) error {
	unlock, err := d.lockSchema(ctx)
	if err != nil {
		return fmt.Errorf("wait to migrate: %w", err)
	}
	defer unlock()
	p, err := d.migrator()
	if err != nil {
		return err
	}
	if err := refuseNewer(ctx, p); err != nil {
		return err
	}
	results, err := p.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, r := range results {
		d.log.Info("schema migrated", "version", r.Source.Version, "took", r.Duration)
	}
	return nil
}

// Migrations returns the migration files of an engine.
func Migrations(dialect Dialect) (fs.FS, error) {
	return fs.Sub(migrations, "migrations/"+dialect.String())
}

func (d *DB) migrator() (*goose.Provider, error) {
	files, err := Migrations(d.dialect)
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	if d.dialect == Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, d.write.DB, files,
		goose.WithSlog(slog.New(slog.DiscardHandler)), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return p, nil
}

// refuseNewer stops an old program before it misreads a newer schema.
func refuseNewer(ctx context.Context, p *goose.Provider) error {
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	known := p.ListSources()
	newest := known[len(known)-1].Version
	if have > newest {
		return fmt.Errorf("the database has schema version %d, this program knows up to %d: "+
			"start the program version that wrote it, or a newer one", have, newest)
	}
	return nil
}
