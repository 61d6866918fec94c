package db_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/db/dbtest"
)

// A process is killed while it commits facts and reacts to them. Whatever it
// committed must be there, and every consumer must have reacted to it once.

const crashDSN = "MENTARA_TEST_CRASH_DSN"

// TestCrashChild is the process that gets killed: it writes and dispatches, and
// prints every text whose commit was acknowledged.
func TestCrashChild(t *testing.T) {
	dsn := os.Getenv(crashDSN)
	if dsn == "" {
		t.Skip("runs as a child of TestCrash")
	}
	w := newWorld("a", "b")
	d, err := db.Open(context.Background(), dsn, w.bus, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	d.SetDecode(decode)
	go d.Run(context.Background())
	for i := 0; ; i++ {
		text := fmt.Sprintf("%d-%d", os.Getpid(), i)
		err := d.Write(context.Background(), func(ctx context.Context, tx *db.Tx) error {
			if err := add("said:"+text)(ctx, tx); err != nil {
				return err
			}
			return tx.Emit(ctx, said{Text: text})
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("ack", text)
	}
}

func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes")
	}
	dsns := map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "store.db") },
		"postgres": func(t *testing.T) string { return dbtest.PostgresDSN(t) },
	}
	for name, dsn := range dsns {
		t.Run(name, func(t *testing.T) { crash(t, dsn(t)) })
	}
}

func crash(t *testing.T, dsn string) {
	w := newWorld("a", "b")
	d := dbtest.Open(t, dsn, w.bus)
	d.SetDecode(decode)
	notes(t, d)

	acked := map[string]bool{}
	for range 6 {
		for _, text := range killedChild(t, dsn, 20+rand.IntN(120)) {
			acked[text] = true
		}
	}
	s, err := d.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d acknowledged, %d left undispatched by kills", len(acked), s.Pending)

	// What a restart does, but with a clock past every lease.
	d.SetNow(func() time.Time { return time.Now().UTC().Add(db.OutboxLease) })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- d.Run(ctx) }()
	within(t, 20*time.Second, "all dispatched", func() bool {
		s, err := d.Stats(t.Context())
		return err == nil && s.Pending == 0
	})
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	// note.text is unique: a second reaction would fail and be retrying.
	if s, err := d.Stats(t.Context()); err != nil || s != (db.Stats{}) {
		t.Fatalf("stats %+v, %v", s, err)
	}
	stored := map[string]int{}
	for _, text := range texts(t, d) {
		consumer, fact, _ := strings.Cut(text, ":")
		stored[fact]++
		if consumer == "said" {
			delete(acked, fact)
		}
	}
	if len(acked) > 0 {
		t.Errorf("acknowledged and lost: %v", acked)
	}
	for fact, n := range stored {
		if n != 3 { // itself and two reactions
			t.Errorf("fact %s has %d rows, want 3", fact, n)
		}
	}
}

// killedChild runs the child until it has acknowledged n writes, kills it -9
// and returns all it acknowledged.
func killedChild(t *testing.T, dsn string, n int) []string {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestCrashChild$")
	child.Env = append(os.Environ(), crashDSN+"="+dsn)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acked []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "ack ")
		if !ok {
			continue
		}
		acked = append(acked, text)
		if len(acked) == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	if len(acked) < n {
		t.Fatalf("the child ended by itself after %d writes", len(acked))
	}
	return acked
}
