package final

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"mentara/internal/blob"
	"mentara/recording/timeline"
)

// CreateExport begins the sealed object of an export. Exports are sealed with
// the recording's key, so erasing the recording erases them.
func CreateExport(ctx context.Context, s blob.Store, k blob.Key, recording, export string) (blob.Writer, error) {
	name := ExportName(recording, export)
	w, err := s.Create(ctx, name)
	if err != nil {
		return nil, err
	}
	sealed, err := blob.SealedWriter(w, k, name)
	if err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	return sealed, nil
}

// OpenExport opens an export for reading anywhere.
func OpenExport(ctx context.Context, s blob.Store, k blob.Key, recording, export string) (blob.Object, error) {
	name := ExportName(recording, export)
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

// ExportTracks writes a ZIP of everything that is stored: the files of the
// tracks as they are, timeline.json, and consents.json with who agreed to
// what. Nothing is put on disk on the way.
func ExportTracks(ctx context.Context, s blob.Store, k blob.Key, recording string, dst io.Writer, progress func(float64)) error {
	tl, err := LoadTimeline(ctx, s, k, recording)
	if err != nil {
		return err
	}
	total := int64(1)
	for _, t := range tl.Tracks {
		total += t.Bytes
	}
	z := zip.NewWriter(dst)
	add := func(name string, r io.Reader) error {
		// Media does not compress.
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: tl.StartedAt})
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		return err
	}
	if err := addJSON(z, "timeline.json", tl); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := addJSON(z, "consents.json", ledgerOf(tl)); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	done := int64(0)
	for _, t := range tl.Tracks {
		o, err := OpenTrack(ctx, s, k, recording, t.ID)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		r := &countReader{r: &contextReader{ctx, io.NewSectionReader(o, 0, o.Size())}, tell: func(n int64) {
			if progress != nil {
				progress(min(float64(done+n)/float64(total), 1))
			}
		}}
		err = add(FileName(t), r)
		if err := errors.Join(err, o.Close()); err != nil {
			return fmt.Errorf("export track %s: %w", t.ID, err)
		}
		done += t.Bytes
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

func addJSON(z *zip.Writer, name string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	f, err := z.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	return err
}

// FileName is what a track is called outside: "t1-camera.webm". Names of
// people are in the timeline only.
func FileName(t timeline.Track) string {
	ext := ".webm"
	if t.Codec == "H264" {
		ext = ".mkv"
	}
	return t.ID + "-" + string(t.Source) + ext
}

// ledger is consents.json.
type ledger struct {
	Version   int           `json:"version"`
	Recording string        `json:"recording"`
	Consents  []ledgerEntry `json:"consents"`
}

type ledgerEntry struct {
	timeline.Consent
	Name string        `json:"name"`
	Role timeline.Role `json:"role"`
	At   string        `json:"at"` // RFC 3339
}

func ledgerOf(tl timeline.Timeline) ledger {
	people := map[string]timeline.Person{}
	for _, p := range tl.People {
		people[p.ID] = p
	}
	l := ledger{Version: 1, Recording: tl.Recording, Consents: []ledgerEntry{}}
	for _, c := range tl.Consents {
		p := people[c.Person]
		at := tl.StartedAt.Add(ms(c.AtMs)).Format("2006-01-02T15:04:05.000Z07:00")
		l.Consents = append(l.Consents, ledgerEntry{Consent: c, Name: p.Name, Role: p.Role, At: at})
	}
	return l
}

type countReader struct {
	r    io.Reader
	n    int64
	tell func(int64)
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if before := c.n >> 20; (c.n+int64(n))>>20 != before || err != nil {
		c.tell(c.n + int64(n))
	}
	c.n += int64(n)
	return n, err
}
