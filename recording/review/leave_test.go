package review

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
	"mentara/internal/event"
)

// TestNothingIsLeft: words of what was forgotten are in no file of the database,
// the search index included.
func TestNothingIsLeft(t *testing.T) {
	dir := t.TempDir()
	store := dbtest.Open(t, "sqlite:"+filepath.Join(dir, "store.db"), event.NewBus[*db.Tx]())
	d := newDesk(t, store)
	file := []byte("WEBVTT\n\n00:01.000 --> 00:02.000\nquicksilver and other words\n\n00:03.000 --> 00:04.000\nquicksilver again\n")
	if _, err := d.ImportTranscript(t.Context(), principal("tess"), "REC1", file); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddNote(t.Context(), principal("tess"), "REC1", NewNote{AtMs: 1, Text: "quicksilver too"}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Mark(t.Context(), principal("tess"), "REC1", time.Second, "quicksilver"); err != nil {
		t.Fatal(err)
	}
	err := store.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, err := d.Forget(ctx, tx, "REC1")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil { // folds the WAL into the file
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"quicksilver", "uicksilver", "cksilve"} {
			if bytes.Contains(data, []byte(word)) {
				t.Errorf("%s still has %q", filepath.Base(name), word)
			}
		}
	}
}
