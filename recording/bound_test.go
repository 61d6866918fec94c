package recording

import (
	"net/http"
	"testing"
)

func TestRangesOfATrackAreBounded(t *testing.T) {
	for asked, want := range map[string]string{
		"":                              "",
		"bytes=0-":                      "bytes=0-1048575",
		"bytes=500-":                    "bytes=500-1049075",
		"bytes=0-0":                     "bytes=0-0",
		"bytes=0-1048574":               "bytes=0-1048574",
		"bytes=10-99999999":             "bytes=10-1048585",
		"bytes=-500":                    "bytes=-500",
		"bytes=0-1,5-9":                 "bytes=0-1,5-9",
		"bytes=x-":                      "bytes=x-",
		"bytes=9223372036854775807-":    "bytes=9223372036854775807-",
		"items=0-":                      "items=0-",
		"bytes=5-99999999999999999999":  "bytes=5-99999999999999999999",
		"bytes=99999999999999999999-99": "bytes=99999999999999999999-99",
	} {
		h := http.Header{}
		if asked != "" {
			h.Set("Range", asked)
		}
		if bound(h); h.Get("Range") != want {
			t.Errorf("%q became %q, want %q", asked, h.Get("Range"), want)
		}
	}
}
