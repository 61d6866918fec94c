// Package final makes a finished recording of a journal: one sealed object per
// track, seekable, and a timeline; and does with finished recordings what no
// request should have to know how to do: open, verify, export and erase them.
//
// Finishing and recovering are the same code: a journal that a crash left is
// read up to its last whole segment, and the timeline says what was lost. It
// can be run again after a crash of its own at any point; the journal is
// removed only when everything is durable. Memory does not grow with the
// recording. Nothing clear is ever written to disk.
package final

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mentara/internal/blob"
	"mentara/recording/journal"
	"mentara/recording/timeline"
)

// timelinePart is the name of the timeline among a recording's objects; no
// track can have it.
const timelinePart = "timeline"

// journalExt ends the name of a live file.
const journalExt = ".journal"

// ErrNothing says that a journal holds no recording: the program stopped
// before its first segment was durable. The journal is removed.
var ErrNothing = errors.New("nothing was recorded")

// Options say what to finish.
type Options struct {
	Store   blob.Store
	Key     blob.Key
	Journal string // path
	// LastSeen is the newest moment at which the recording is known, from
	// elsewhere, to have been going on; zero if nothing is known. It only
	// matters after a crash.
	LastSeen time.Time
	// Progress is told how far it is, 0 to 1; nil is fine.
	Progress func(float64)
}

// Result is what was made.
type Result struct {
	Timeline timeline.Timeline
	Bytes    int64 // of all tracks
	// Damage lists stretches of the journal that were altered and left out.
	Damage []journal.Damage
}

// JournalPath is where the live file of a recording is.
func JournalPath(live, recording string) string {
	return filepath.Join(live, recording+journalExt)
}

// Journals lists the recordings that have a live file, those that a crash left
// among them.
func Journals(live string) ([]string, error) {
	entries, err := os.ReadDir(live)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list journals: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), journalExt); ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// objectName is recordings/<id>/<part>.
func objectName(recording, part string) string { return "recordings/" + recording + "/" + part }

// LoadTimeline reads the timeline of a finished recording.
func LoadTimeline(ctx context.Context, s blob.Store, k blob.Key, recording string) (timeline.Timeline, error) {
	o, err := openPart(ctx, s, k, recording, timelinePart)
	if err != nil {
		return timeline.Timeline{}, err
	}
	defer o.Close()
	t, err := timeline.Read(io.NewSectionReader(o, 0, o.Size()))
	if err == nil && t.Recording != recording {
		err = fmt.Errorf("%w: the timeline is of another recording", blob.ErrDamaged)
	}
	return t, err
}

// OpenTrack opens the file of a track, WebM or Matroska, for reading anywhere.
func OpenTrack(ctx context.Context, s blob.Store, k blob.Key, recording, track string) (blob.Object, error) {
	if !timeline.ValidTrackID(track) {
		return nil, fmt.Errorf("%w: track %q", blob.ErrNotFound, track)
	}
	return openPart(ctx, s, k, recording, track)
}

func openPart(ctx context.Context, s blob.Store, k blob.Key, recording, part string) (blob.Object, error) {
	name := objectName(recording, part)
	o, err := s.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	plain, err := blob.OpenSealed(o, k, name)
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return plain, nil
}

// Erase removes a recording for good: its key first, after which nothing of it
// can be opened, then its live file, its objects and its exports. It may be
// run again; absent parts are no error.
func Erase(ctx context.Context, s blob.Store, keys *blob.Keys, live, recording string) error {
	if err := blob.CheckName(objectName(recording, timelinePart)); err != nil {
		return err
	}
	if err := keys.Destroy(recording); err != nil {
		return err
	}
	if err := os.Remove(JournalPath(live, recording)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("erase recording: %w", err)
	}
	for _, prefix := range []string{objectName(recording, ""), ExportName(recording, "")} {
		for info, err := range s.List(ctx, prefix) {
			if err != nil {
				return fmt.Errorf("erase recording: %w", err)
			}
			if err := s.Delete(ctx, info.Name); err != nil {
				return fmt.Errorf("erase recording: %w", err)
			}
		}
	}
	return nil
}

// ExportName is the name of the object that holds an export of a recording.
func ExportName(recording, export string) string { return "exports/" + recording + "/" + export }
