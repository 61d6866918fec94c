package review

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"mentara/internal/fault"
)

func TestParseVTT(t *testing.T) {
	file := "\ufeffWEBVTT - Session of May\r\nKind: captions\r\nLanguage: en-GB\r\n\r\n" +
		"NOTE\r\nmade by hand, <b>R&D</b>\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\nREGION\r\nid:fred\r\n\r\n" +
		"intro\r\n00:01.000 --> 00:04.500 align:start line:-1 region:fred position:10%,line-left\r\n" +
		"<v.loud Tess>Hello, <i>Carl</i> &amp;\tall</v>\r\n<v Carl>Hi &lt;there&gt; caf&eacute; &#x1f642;</v>\r\n\r\n\r\n" +
		"NOTE between\r\n\r\n01:00:00.000 --> 101:00:00.999\r\n- plain R&D <00:00:05.000><c>words</c>\r\nof two lines"
	got, err := ParseVTT([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	want := Transcript{Language: "en-GB", Cues: []Cue{
		{Name: "intro", StartMs: 1000, EndMs: 4500, Settings: "align:start line:-1 position:10%,line-left", Line: 15, Spans: []Span{
			{"Tess", "Hello, Carl & all"}, {"Carl", "Hi <there> café 🙂"}}},
		{StartMs: hour, EndMs: 101*hour + 999, Line: 22, Spans: []Span{{"", "- plain R&D words\nof two lines"}}},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for _, newline := range []string{"\n", "\r"} {
		same, err := ParseVTT([]byte(strings.ReplaceAll(file, "\r\n", newline)))
		if err != nil || !reflect.DeepEqual(same, want) {
			t.Errorf("with %q as line end: %v %+v", newline, err, same)
		}
	}
}

func TestParseVTTRefuses(t *testing.T) {
	const cue = "WEBVTT\n\n00:01.000 --> 00:02.000\n"
	for _, c := range []struct {
		name, file string
		line       int
		says       string
	}{
		{"nothing", "", 1, "begins with WEBVTT"},
		{"another format", "1\n00:00:01,000 --> 00:00:02,000\nHi\n", 1, "begins with WEBVTT"},
		{"a longer word", "WEBVTTX\n\n", 1, "begins with WEBVTT"},
		{"no captions", "WEBVTT\n\nNOTE nothing\n", 4, "not one caption"},
		{"no empty line", "WEBVTT\n00:01.000 --> 00:02.000\nHi\n", 2, "empty line"},
		{"comma for a dot", "WEBVTT\n\n00:01,000 --> 00:02,000\nHi\n", 3, "is not a time"},
		{"one digit", "WEBVTT\n\n0:01.000 --> 00:02.000\nHi\n", 3, "is not a time"},
		{"sixty seconds", "WEBVTT\n\n00:60.000 --> 02:02.000\nHi\n", 3, "is not a time"},
		{"hours beyond a week", "WEBVTT\n\n00:01.000 --> 169:00:00.000\nHi\n", 3, "is not a time"},
		{"no blanks", "WEBVTT\n\n00:01.000-->00:02.000\nHi\n", 3, "both sides"},
		{"no end", "WEBVTT\n\n00:01.000 --> \nHi\n", 3, "end is missing"},
		{"ends before", "WEBVTT\n\n00:02.000 --> 00:02.000\nHi\n", 3, "ends after"},
		{"goes back", cue + "Hi\n\n00:00.500 --> 00:02.000\nHo\n", 6, "before the caption above"},
		{"unknown setting", "WEBVTT\n\n00:01.000 --> 00:02.000 colour:red\nHi\n", 3, "setting"},
		{"setting twice", "WEBVTT\n\n00:01.000 --> 00:02.000 size:1% size:2%\nHi\n", 3, "setting"},
		{"size beyond all", "WEBVTT\n\n00:01.000 --> 00:02.000 size:100.1%\nHi\n", 3, "setting"},
		{"name without times", "WEBVTT\n\nintro\nHi\n", 4, "times of a caption"},
		{"name at the end", "WEBVTT\n\nintro", 3, "times of a caption"},
		{"two captions in one", cue + "Hi\n00:03.000 --> 00:04.000\nHo\n", 5, "empty line missing"},
		{"arrow in a comment", "WEBVTT\n\nNOTE\na --> b\n", 4, "cannot hold"},
		{"style too late", cue + "Hi\n\nSTYLE\n::cue {}\n", 6, "before the first"},
		{"open tag", cue + "a < b\n", 4, "does not end"},
		{"voice without a name", cue + "<v>Hi\n", 4, "voice has a name"},
		{"voice ends twice", cue + "<v A>Hi</v></v>\n", 4, "did not begin"},
		{"deep voices", cue + strings.Repeat("<v A>", 9) + "x\n", 4, "too deeply"},
		{"control characters", cue + "a\x07b\n", 4, "control"},
		{"NUL", cue + "a\x00b\n", 4, "control"},
		{"not UTF-8", cue + "a\xffb\n", 4, "not UTF-8"},
		{"long caption", cue + strings.Repeat("x", maxCueText+1), 4, "characters at most"},
		{"long name", "WEBVTT\n\n" + strings.Repeat("x", maxCueName+1) + "\n", 3, "name has"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseVTT([]byte(c.file))
			f := fault.As(err)
			if f == nil || f.Kind != fault.Invalid || f.Code != "bad_vtt" {
				t.Fatalf("got %v", err)
			}
			if !strings.HasPrefix(f.Message, fmt.Sprintf("Line %d: ", c.line)) || !strings.Contains(f.Message, c.says) {
				t.Errorf("got %q, want line %d, %q", f.Message, c.line, c.says)
			}
		})
	}
	if _, err := ParseVTT(make([]byte, maxVTT+1)); !fault.Is(err, fault.TooLarge) {
		t.Errorf("5 MiB: %v", err)
	}
	var many strings.Builder
	many.WriteString("WEBVTT\n")
	for range maxCues + 1 {
		many.WriteString("\n00:01.000 --> 00:02.000\na\n")
	}
	if _, err := ParseVTT([]byte(many.String())); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("too many captions: %v", err)
	}
}

// FuzzParseVTT: no input panics or takes long, and what was read is read again
// from what is written.
func FuzzParseVTT(f *testing.F) {
	for _, seed := range []string{
		vttBody, "\ufeffWEBVTT x\r\nLanguage: de\r\n\r\nNOTE\r\nx\r\n\r\nid\r\n00:01.000 --> 00:02.000 line:1%,end\r\n<v A &amp; B>x</v> y\r\n",
		"WEBVTT\n\nSTYLE\n::cue{}\n\nREGION\nid:a\n\n00:01.000 --> 100:02:03.004 region:a\n<v A><v B>x</v>y</v>z &lt;b&#10;&#10;c\n",
		"WEBVTT\n\n00:01.000 --> 00:02.000\na <i></i>\n<b> </b>\nb", "WEBVTT\n\n--> \n", "WEBVTT\n\n00:01.000 --> 00:02.000\n&#x2d;&#x2d;&gt; &notit; &amp;lt; &#0; &#xd800;",
		"WEBVTT\n\nNOTEx\n00:01.000 --> 00:02.000\n<v\tA\nB>c", "WEBVTT\n\n00:01.000 --> 00:02.000\n<v &#10;>x", "WEBVTT\n\n00:01.000 --> 00:02.000\nx<v A>&#xfeff;</v>y\u2028z",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		began := time.Now()
		got, err := ParseVTT(data)
		if took := time.Since(began); took > time.Second {
			t.Fatalf("took %v", took)
		}
		if err != nil {
			if fault.As(err) == nil {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		written := got.VTT()
		again, err := ParseVTT(written)
		if err != nil {
			t.Fatalf("what is written is not read: %v\n%s", err, written)
		}
		for i := range got.Cues {
			got.Cues[i].Line = again.Cues[i].Line
		}
		if !reflect.DeepEqual(got, again) {
			t.Fatalf("read   %+v\nagain  %+v\n%s", got, again, written)
		}
		for _, c := range got.Cues {
			foldAll(textOf(c.Spans))
		}
	})
}

// FuzzQuery: every query either is refused or is one that both engines take, and
// its snippet has the whole text when that is short.
func FuzzQuery(f *testing.F) {
	for _, seed := range [][2]string{{"hel", "hello world"}, {`"a b" c*`, "A b C d"}, {`") OR 1 --`, "or 1"}, {"é \u0301", "E"}, {"日本", "日本語"}, {"NEAR(a b)", "near"}, {`a" b`, "x"}, {"İ ﬁ ß", "ssfi"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, asked, text string) {
		q, err := parseQuery(asked)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		for _, term := range q {
			for _, w := range term.words {
				if w == "" || strings.ContainsAny(w, `"'():*&|!<>\ `) || foldAll(w) != w && len([]rune(w)) < maxWord {
					t.Fatalf("word %q of %q", w, asked)
				}
			}
		}
		var whole strings.Builder
		for _, p := range q.snippet(text) {
			whole.WriteString(p.Text)
		}
		if len([]rune(text)) <= maxSnippet && whole.String() != text {
			t.Fatalf("snippet of %q is %q", text, whole.String())
		}
	})
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const path = "/recordings/REC1/transcript"
		long := strings.Repeat("padding words ", 30)
		file := "WEBVTT\n\n" +
			"00:01:05.000 --> 00:01:08.000\n<v Tess>Ça va? The café was naïve.</v>\n\n" +
			"00:01:30.000 --> 00:01:32.000\n<v Carl>I'm sleeping badly, Straße 12b</v>\n<v Tess>Since when?</v>\n\n" +
			"00:10:00.000 --> 00:10:02.000\n" + long + "trauma " + long + "\n\n" +
			"00:20:00.000 --> 00:20:02.000\n日本語のテキスト and sleep again\n\n" +
			"00:30:00.000 --> 00:30:02.000\nпривет Москва 2031-05-06\n"
		put := func(body string) answer { return d.ask("tess", "PUT", path, body, "Content-Type", "text/vtt") }
		if a := put(file); a.status != 200 || a.get("cues") != float64(5) {
			t.Fatalf("import: %d %s", a.status, a.raw)
		}
		d.wantFacts("transcript.imported")
		search := func(who, q string) []any {
			a := d.must(200, who, "GET", path+"/search?q="+strings.NewReplacer(" ", "%20", `"`, "%22", "*", "%2A", "&", "%26").Replace(q), "")
			out := []any{}
			for _, h := range a.body["items"].([]any) {
				out = append(out, h.(map[string]any)["seq"])
			}
			return out
		}
		for _, c := range []struct {
			q    string
			want []any
		}{
			{"cafe", []any{0}}, {"CAFÉ", []any{0}}, {"ca", []any{0}}, {"naïve ca", []any{0}}, {"ca naive", []any{0}}, {"caf naive", []any{}},
			{"slee", []any{1, 3}}, {"sleep", []any{1, 3}}, {`"sleep"`, []any{3}}, {"sleep again", []any{3}}, {"again sleep", []any{3}}, {"sleep* since", []any{1}},
			{`"since when"`, []any{1}}, {`"when since"`, []any{}}, {`badly "since when`, []any{1}},
			{"strasse", []any{1}}, {"Straße 12b", []any{1}}, {"i'm", []any{1}},
			{"日本", []any{3}}, {"テキスト", []any{3}}, {"語日", []any{}}, {"москва", []any{4}}, {"2031", []any{4}}, {"trauma", []any{2}},
			{"REC1", []any{}}, {"recording_id", []any{}}, {"NOT sleep", []any{}}, {"or", []any{}},
		} {
			same(t, "search "+c.q, search("tess", c.q), c.want)
		}
		same(t, "Sue finds her range", search("sue", "sleep"), []any{1})
		for _, bad := range []string{"", "%20", "%22%22", "...", strings.Repeat("a", 201), "a+b+c+d+e+f+g+h+i+j+k"} {
			d.must(422, "tess", "GET", path+"/search?q="+bad, "")
		}
		for _, odd := range []string{"%27)%20OR%201=1--", "NEAR(a%20b)", "a%20AND%20NOT", "%2Asleep", "words:sleep", "-sleep", "%5E"} {
			if a := d.ask("tess", "GET", path+"/search?q="+odd, ""); a.status != 200 && a.status != 422 {
				t.Errorf("search %s: %d %s", odd, a.status, a.raw)
			}
		}
		hit := d.must(200, "tess", "GET", path+"/search?q=cafe", "")
		same(t, "snippet", fmt.Sprint(hit.get("items.0.snippet")), "[map[text:Ça va? The ] map[match:true text:café] map[text: was naïve.]]")
		same(t, "voices", fmt.Sprint(hit.get("items.0.voices")), "[Tess]")
		cut := d.must(200, "tess", "GET", path+"/search?q=trauma", "")
		if n := len(cut.raw); n > 800 || !strings.Contains(cut.raw, `"trauma","match":true`) || !strings.Contains(cut.raw, "…") {
			t.Errorf("a long caption is not cut to its hit: %s", cut.raw)
		}
		page := d.must(200, "tess", "GET", path+"/search?q=sleep&limit=1", "")
		rest := d.must(200, "tess", "GET", path+"/search?q=sleep&limit=1&cursor="+page.get("next").(string), "")
		same(t, "pages", []any{page.get("items.0.seq"), rest.get("items.0.seq"), rest.get("next")}, []any{1, 3, nil})
		d.must(422, "tess", "GET", path+"/search?q=sleep&cursor=eA", "")

		// Out again, as a whole and as what Sue may see.
		out := d.must(200, "tess", "GET", path+"/file", "", "Accept", "text/vtt")
		same(t, "content type", out.header.Get("Content-Type"), "text/vtt; charset=utf-8")
		again, err := ParseVTT([]byte(out.raw))
		if err != nil || len(again.Cues) != 5 {
			t.Fatalf("export: %v, %d cues", err, len(again.Cues))
		}
		part, err := ParseVTT([]byte(d.must(200, "sue", "GET", path+"/file", "").raw))
		if err != nil || len(part.Cues) != 2 {
			t.Errorf("Sue's export: %v, %d cues", err, len(part.Cues))
		}
		same(t, "Sue's captions", d.must(200, "sue", "GET", path, "").get("cues"), 2)

		// A broken one changes nothing; another one replaces it.
		if a := put("WEBVTT\n\nbroken"); a.status != 422 || a.code() != "bad_vtt" || !strings.Contains(a.raw, "Line 3") {
			t.Errorf("broken: %d %s", a.status, a.raw)
		}
		if a := put("WEBVTT\n\n01:00:06.000 --> 01:00:07.000\nof another session\n"); a.status != 422 {
			t.Errorf("beyond the end: %d %s", a.status, a.raw)
		}
		d.must(415, "tess", "PUT", path, "{}")
		d.must(415, "tess", "PUT", path, file, "Content-Type", "text/vtt; charset=latin1")
		d.must(413, "tess", "PUT", path, strings.Repeat("x", maxVTT+1), "Content-Type", "text/vtt")
		same(t, "still there", search("tess", "cafe"), []any{0})
		put("WEBVTT\n\n00:01.000 --> 00:02.000\nnew words\n")
		same(t, "replaced", []any{search("tess", "cafe"), search("tess", "new")}, []any{[]any{}, []any{0}})
		d.emitted()
		d.must(204, "tess", "DELETE", path, "")
		d.must(404, "tess", "DELETE", path, "")
		d.must(404, "tess", "GET", path, "")
		same(t, "nothing found", search("tess", "new"), []any{})
		d.wantFacts("transcript.deleted")
	})
}
