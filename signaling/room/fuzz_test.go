package room

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"mentara/internal/fault"
	"mentara/sfu"
)

func FuzzSDPOrigin(f *testing.F) {
	f.Add("v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\n")
	f.Add("o=a b c d e f")
	f.Add("o=\n")
	f.Add("v=0\no= 1 2 3 4\n")
	f.Fuzz(func(t *testing.T, sdp string) {
		got := sdpOrigin(sdp)
		if got != "" && (len(strings.Fields(got)) != 2 || !strings.Contains(sdp, "o=")) {
			t.Fatalf("%q from %q", got, sdp)
		}
	})
}

// FuzzMediaFrames feeds the data of media frames to what checks them. What
// passes is within the bounds that the engine is promised.
func FuzzMediaFrames(f *testing.F) {
	f.Add([]byte(`{"sdp":"v=0","tracks":[{"mid":"0","source":"camera"}],"views":[{"participant":"p","source":"camera","width":640,"height":360,"visible":true,"priority":1}]}`))
	f.Add([]byte(`{"sdp":"","tracks":[{"mid":"","source":"nose"}]}`))
	f.Add([]byte(`{"views":[{"width":-1,"height":99999999999,"priority":-101}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var in struct {
			SDP    string
			Tracks []sfu.TrackInfo
			Views  []sfu.View
		}
		if json.Unmarshal(data, &in) != nil {
			return
		}
		if err := checkOffer(in.SDP, in.Tracks); err == nil {
			for _, tr := range in.Tracks {
				if !tr.Source.Valid() || tr.Mid == "" || len(tr.Mid) > 16 {
					t.Fatalf("%+v", tr)
				}
			}
		} else if !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if err := checkViews(in.Views); err == nil {
			for _, v := range in.Views {
				if !v.Source.Valid() || v.Width < 0 || v.Width > 16384 || v.Height < 0 || v.Height > 16384 {
					t.Fatalf("%+v", v)
				}
			}
		} else if !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	})
}

func FuzzNames(f *testing.F) {
	for _, s := range []string{"Dana", "", " ", "a\u202eb", "a\x00", "é", "\xff", strings.Repeat("x", 65), "a\u200db"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if validName(s, 64) && (len(s) > 64*4 || strings.ContainsAny(s, "\x00\r\n\u202e\u2028")) {
			t.Fatalf("%q", s)
		}
	})
}

// Joins and leaves leave nothing behind.
func TestNothingIsLeft(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		id := h.room()
		for range 200 {
			res, link := h.come(user("tess"), id)
			_, err := h.Offer(t.Context(), user("tess"), link, OfferRequest{Room: id, SDP: "v=0"})
			must(t, err)
			must(t, h.Leave(context.Background(), user("tess"), id, link))
			h.Dropped(link.ID())
			if !h.engine.leg(res.Self.ID).isClosed() {
				t.Fatal("media is left")
			}
		}
		if len(h.sessions)+len(h.claims)+len(h.links)+len(h.precalls.byLink) != 0 {
			t.Fatalf("left: %d sessions, %d claims, %d links", len(h.sessions), len(h.claims), len(h.links))
		}
	})
}
