package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// Migrate brings the schema to this program's version, one transaction per
// step, so that a crash leaves whole steps only. Nodes that start together take
// turns. It refuses a database written by a newer program.
func (d *DB) Migrate(ctx context.Context) error {
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

func (d *DB) migrator() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+d.dialect.String())
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	options := []goose.ProviderOption{goose.WithSlog(slog.New(slog.DiscardHandler)), goose.WithDisableGlobalRegistry(true)}
	if d.dialect == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, d.write.DB, files, options...)
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
