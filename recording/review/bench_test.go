package review

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"mentara/api"
	"mentara/internal/db/dbtest"
)

// twoHourVTT is a transcript of 3,600 captions.
func twoHourVTT() []byte {
	var b bytes.Buffer
	b.WriteString("WEBVTT\n")
	for i := range int64(3600) {
		fmt.Fprintf(&b, "\n%s --> %s\n<v Carl>this is what was said in the caption number %d of a long session</v>\n", formatTime(i*1000), formatTime(i*1000+900), i)
	}
	return b.Bytes()
}

func BenchmarkParseVTT(b *testing.B) {
	file := twoHourVTT()
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseVTT(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTranscript(b *testing.B) {
	d := Service{db: dbtest.New(b), now: time.Now}
	d.recordings = &cabinet{grants: map[string]map[string]Grant{"REC1": {"tess": {Access: Full, DurationMs: 2 * hour}}}}
	file := twoHourVTT()
	b.Run("import", func(b *testing.B) {
		for b.Loop() {
			if _, err := d.ImportTranscript(b.Context(), principal("tess"), "REC1", file); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("search", func(b *testing.B) {
		for b.Loop() {
			found, err := d.SearchTranscript(b.Context(), principal("tess"), "REC1", "number 17", api.Page{Limit: 50})
			if err != nil || len(found.Items) == 0 {
				b.Fatal(found, err)
			}
		}
	})
}
