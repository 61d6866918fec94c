package review

import (
	"strings"
	"testing"
)

const vttBody = "WEBVTT\n\n00:01:10.000 --> 00:01:12.000\n<v Carl>hello there</v>\n\n00:30:00.000 --> 00:30:02.000\nlate words\n"

// route is one row of the table: a request, and what each person of the practice
// gets for it.
type route struct {
	method, path, body string
	allowed            string // who gets past: space-separated
}

var routes = []route{
	{"GET", "/recordings/REC1/marks", "", "tess theo"},
	{"POST", "/recordings/REC1/marks", `{"atMs":61000}`, "tess theo"},
	{"PATCH", "/recordings/REC1/marks/x", `{}`, "tess theo"},
	{"DELETE", "/recordings/REC1/marks/x", "", "tess theo"},
	{"GET", "/recordings/REC1/notes", "", "tess theo sue"},
	{"POST", "/recordings/REC1/notes", `{"atMs":61000,"text":"a"}`, "tess theo sue"},
	{"PATCH", "/recordings/REC1/notes/x", `{}`, "tess theo sue"},
	{"DELETE", "/recordings/REC1/notes/x", "", "tess theo sue"},
	{"POST", "/recordings/REC1/notes/x/resolve", "", "tess theo"},
	{"GET", "/recordings/REC1/tags", "", "tess theo sue"},
	{"PUT", "/recordings/REC1/tags", `{"codes":[]}`, "tess theo"},
	{"GET", "/recordings/REC1/clinical-note", "", "tess theo"},
	{"PUT", "/recordings/REC1/clinical-note", `{"format":"soap","sections":[],"version":7}`, "tess theo"},
	{"POST", "/recordings/REC1/clinical-note/sign", `{"version":1}`, "tess theo"},
	{"POST", "/recordings/REC1/clinical-note/amendments", `{"lines":[{"text":"a"}]}`, "tess theo"},
	{"PUT", "/recordings/REC1/clinical-note/readers", `{"readers":"team"}`, "tess theo"},
	{"GET", "/recordings/REC1/clinical-note/versions", "", "tess theo"},
	{"GET", "/recordings/REC1/psychotherapy-note", "", "tess theo"},
	{"PUT", "/recordings/REC1/psychotherapy-note", `{"text":"a","version":9}`, "tess theo"},
	{"DELETE", "/recordings/REC1/psychotherapy-note", "", "tess theo"},
	{"GET", "/recordings/REC1/transcript", "", "tess theo sue"},
	{"PUT", "/recordings/REC1/transcript", vttBody, "tess theo"},
	{"DELETE", "/recordings/REC1/transcript", "", "tess theo"},
	{"GET", "/recordings/REC1/transcript/search?q=hello", "", "tess theo sue"},
	{"GET", "/recordings/REC1/transcript/file", "", "tess theo sue"},
	{"GET", "/recordings/REC1/analytics", "", "tess theo"},
	{"GET", "/review/tags", "", "tess theo sue olga mona adam"},
	{"PUT", "/review/tags", `{"version":9,"items":[]}`, "adam"},
}

func (d *desk) send(who string, r route, path string) answer {
	if strings.HasPrefix(r.body, "WEBVTT") {
		return d.ask(who, r.method, path, r.body, "Content-Type", "text/vtt")
	}
	return d.ask(who, r.method, path, r.body)
}

// TestEveryRouteByEverybody is the table of routes and people, and of foreign
// recordings, which must answer as absent ones do: same status, same body.
func TestEveryRouteByEverybody(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		covered := map[string]bool{}
		for _, r := range routes {
			path, _, _ := strings.Cut("/api/v1"+r.path, "?")
			for _, known := range d.engine.Engine().Routes() {
				if known.Method == r.method && matches(known.Path, path) {
					covered[known.Method+" "+known.Path] = true
				}
			}
			for who := range roles {
				a := d.send(who, r, r.path)
				past := a.status != 401 && a.status != 403 && a.code() != "not_found" || a.status == 404 && strings.Contains(r.allowed, who)
				if want := strings.Contains(" "+r.allowed+" ", " "+who+" "); past != want {
					t.Errorf("%s %s as %s: %d %s", r.method, r.path, who, a.status, a.code())
				}
			}
			if a := d.send("", r, r.path); a.status != 401 {
				t.Errorf("%s %s as nobody: %d", r.method, r.path, a.status)
			}
			if !strings.Contains(r.path, "REC1") {
				continue
			}
			foreign := d.send("tess", r, strings.Replace(r.path, "REC1", "REC2", 1))
			absent := d.send("tess", r, strings.Replace(r.path, "REC1", "REC9", 1))
			delete(foreign.body, "requestId")
			delete(absent.body, "requestId")
			if foreign.status != 404 || absent.status != 404 {
				t.Errorf("%s %s: foreign %d, absent %d", r.method, r.path, foreign.status, absent.status)
			}
			same(t, r.method+" "+r.path+" foreign and absent", foreign.body, absent.body)
		}
		for _, known := range d.engine.Engine().Routes() {
			if strings.HasPrefix(known.Path, "/api/v1/re") && !covered[known.Method+" "+known.Path] {
				t.Errorf("%s %s is in no row", known.Method, known.Path)
			}
		}
	})
}

func matches(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !strings.HasPrefix(a[i], ":") {
			return false
		}
	}
	return true
}

// TestForeignParts puts ids of one recording's parts under another's.
func TestForeignParts(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		mark := d.must(201, "olga", "POST", "/recordings/REC2/marks", `{"atMs":1}`).get("id").(string)
		note := d.must(201, "olga", "POST", "/recordings/REC2/notes", `{"atMs":1,"text":"a"}`).get("id").(string)
		own := d.must(201, "tess", "POST", "/recordings/REC1/marks", `{"atMs":1}`).get("id").(string)
		for _, r := range []route{
			{"PATCH", "/recordings/REC1/marks/" + mark, `{"label":"x"}`, ""}, {"DELETE", "/recordings/REC1/marks/" + mark, "", ""},
			{"PATCH", "/recordings/REC1/notes/" + note, `{"text":"x"}`, ""}, {"DELETE", "/recordings/REC1/notes/" + note, "", ""},
			{"POST", "/recordings/REC1/notes/" + note + "/resolve", "", ""},
		} {
			if a := d.send("tess", r, r.path); a.status != 404 {
				t.Errorf("%s %s: %d %s", r.method, r.path, a.status, a.raw)
			}
		}
		d.must(422, "tess", "POST", "/recordings/REC1/notes", `{"text":"x","parentId":"`+note+`"}`)
		d.must(404, "theo", "PATCH", "/recordings/REC1/marks/"+own, `{"label":"x"}`) // not even a colleague's
		d.must(404, "theo", "DELETE", "/recordings/REC1/marks/"+own, "")
	})
}

// TestAccessEnds: what was open closes with the recording, and what was erased
// is gone but for the record.
func TestAccessEnds(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.must(200, "tess", "PUT", "/recordings/REC1/clinical-note", `{"format":"dap","sections":[{"key":"plan","lines":[{"text":"rest"}]}],"version":0}`)
		d.cabinet.grants["REC1"]["tess"] = Grant{Access: Full, DurationMs: hour, Host: "tess", Erased: true}
		for _, r := range routes {
			if !strings.Contains(r.path, "REC1") {
				continue
			}
			a := d.send("tess", r, r.path)
			gone := a.status == 410 && a.code() == "erased"
			if record := strings.Contains(r.path, "clinical-note") || strings.Contains(r.path, "psychotherapy"); gone == record {
				t.Errorf("%s %s of an erased recording: %d", r.method, r.path, a.status)
			}
		}
		delete(d.cabinet.grants["REC1"], "tess")
		for _, r := range routes {
			if a := d.send("tess", r, r.path); strings.Contains(r.path, "REC1") && a.status != 404 {
				t.Errorf("%s %s after care ended: %d", r.method, r.path, a.status)
			}
		}
	})
}
