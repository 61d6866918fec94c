package review

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mentara/internal/db"
	"mentara/internal/event"
	"mentara/internal/fault"
)

func TestMarks(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const path = "/recordings/REC1/marks"
		first := d.must(201, "tess", "POST", path, `{"atMs":5000,"label":"  first \u00a0 tears "}`)
		same(t, "label", first.get("label"), "first tears")
		again := d.must(201, "tess", "POST", path, `{"atMs":5000,"label":"first tears"}`)
		same(t, "repeated request", again.get("id"), first.get("id"))
		same(t, "another label at the moment", d.must(409, "tess", "POST", path, `{"atMs":5000,"label":"b"}`).code(), "moment_marked")
		d.must(201, "theo", "POST", path, `{"atMs":5000}`) // his own
		second := d.must(201, "tess", "POST", path, `{"atMs":1}`)
		d.must(409, "tess", "PATCH", path+"/"+second.get("id").(string), `{"atMs":5000}`)
		d.must(200, "tess", "PATCH", path+"/"+second.get("id").(string), `{"atMs":3600000,"label":"end"}`)
		list := d.must(200, "tess", "GET", path, "")
		same(t, "list", []any{list.get("items.0.label"), list.get("items.1.label"), list.get("items.2")}, []any{"first tears", "end", nil})
		for _, bad := range []string{`{"atMs":-1}`, `{"atMs":3600001}`, `{"atMs":9223372036854775807}`, `{"atMs":1,"label":"` + strings.Repeat("x", 121) + `"}`, `{"atMs":1,"label":"a\u202eb"}`, `{"atMs":1,"authorId":"theo"}`, `{}`} {
			d.must(422, "tess", "POST", path, bad)
		}
		d.must(400, "tess", "POST", path, `{"atMs":1,"label":"a\u0000"}`)
		d.must(204, "tess", "DELETE", path+"/"+first.get("id").(string), "")
		d.must(404, "tess", "DELETE", path+"/"+first.get("id").(string), "")
		d.wantFacts() // bookmarks are nobody's business
		d.cabinet.grants["REC1"]["tess"] = Grant{Access: Full, Host: "tess"}
		if _, err := d.Mark(t.Context(), principal("tess"), "REC1", 3*time.Hour, "live"); err != nil {
			t.Errorf("while it is recorded: %v", err)
		}
	})
}

func TestThreads(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const path = "/recordings/REC1/notes"
		root := d.must(201, "tess", "POST", path, `{"atMs":60000,"toMs":90000,"text":"Look at the pause\r\nbefore this"}`)
		id := root.get("id").(string)
		same(t, "text", root.get("text"), "Look at the pause\nbefore this")
		d.must(201, "tess", "POST", path, `{"atMs":200000,"text":"outside of what Sue sees"}`)
		d.at = d.at.Add(time.Second)
		reply := d.must(201, "sue", "POST", path, `{"atMs":1,"text":"Noted 👩‍⚕️","parentId":"`+id+`"}`)
		same(t, "reply has the thread's time", reply.get("atMs"), 60000)
		replyID := reply.get("id").(string)
		facts := d.wantFacts("review.note_changed", "review.note_changed", "review.note_changed")
		same(t, "who hears of the reply", facts[2].(event.ReviewNoteChanged).Audience, "[sue tess]")
		for _, n := range facts[2].Live() {
			if strings.Contains(fmt.Sprint(n), "Noted") {
				t.Error("the text leaves with the fact")
			}
		}

		list := d.must(200, "sue", "GET", path, "")
		same(t, "Sue sees her range", []any{list.get("items.0.id"), list.get("items.1.mine"), list.get("items.2")}, []any{id, true, nil})
		for _, bad := range []string{`{"atMs":59999,"text":"a"}`, `{"atMs":100000,"toMs":130000,"text":"a"}`, `{"atMs":61000,"text":" "}`, `{"atMs":61000,"toMs":60500,"text":"a"}`, `{"atMs":61000,"text":"x","parentId":"` + replyID + `"}`} {
			d.must(422, "sue", "POST", path, bad)
		}
		d.must(403, "sue", "PATCH", path+"/"+id, `{"text":"mine now"}`)
		d.must(403, "theo", "DELETE", path+"/"+id, "")
		d.must(422, "sue", "PATCH", path+"/"+replyID, `{"atMs":70000}`)
		edited := d.must(200, "sue", "PATCH", path+"/"+replyID, `{"text":"Noted."}`)
		if edited.get("editedAt") == nil {
			t.Error("an edit does not show")
		}
		d.must(200, "tess", "PATCH", path+"/"+id, `{"atMs":61000}`)
		list = d.must(200, "theo", "GET", path, "")
		same(t, "thread moved", []any{list.get("items.0.atMs"), list.get("items.0.toMs"), list.get("items.1.atMs")}, []any{61000, nil, 61000})

		d.must(409, "tess", "POST", path+"/"+replyID+"/resolve", "")
		same(t, "resolved by", d.must(200, "theo", "POST", path+"/"+id+"/resolve", "").get("resolvedBy"), "theo")
		d.emitted()
		d.must(200, "theo", "POST", path+"/"+id+"/resolve", "")
		d.wantFacts()
		same(t, "reopened", d.must(200, "tess", "POST", path+"/"+id+"/resolve", `{"resolved":false}`).get("resolvedAt"), nil)

		d.must(204, "tess", "DELETE", path+"/"+id, "")
		list = d.must(200, "sue", "GET", path, "")
		same(t, "a thread outlives its first note", []any{list.get("items.0.deleted"), list.get("items.0.text"), list.get("items.1.text")}, []any{true, "", "Noted."})
		d.must(404, "tess", "PATCH", path+"/"+id, `{"text":"back"}`)
		d.must(204, "sue", "DELETE", path+"/"+replyID, "")
		same(t, "nothing is left of it", d.must(200, "sue", "GET", path, "").get("items.0"), nil)
	})
}

func TestTags(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const set = `{"items":[{"code":"rupture","label":"Rupture","colour":"#ff0000"},{"code":"insight","label":"Einsicht ✨","colour":"#00ff00"}]}`
		same(t, "without version", d.must(428, "adam", "PUT", "/review/tags", set).code(), "version_missing")
		d.must(412, "adam", "PUT", "/review/tags", set, "If-Match", `"4"`)
		d.must(412, "adam", "PUT", "/review/tags", set, "If-Match", `W/"0"`)
		same(t, "version", d.must(200, "adam", "PUT", "/review/tags", set, "If-Match", `"0"`).get("version"), 1)
		d.wantFacts("review.tag_set_changed")
		for _, bad := range []string{
			`{"version":1,"items":[{"code":"A","label":"x","colour":"#ff0000"}]}`, `{"version":1,"items":[{"code":"a","label":"x","colour":"red"}]}`,
			`{"version":1,"items":[{"code":"a","label":" ","colour":"#ff0000"}]}`, `{"version":1,"items":[{"code":"a","label":"x","colour":"#ff0000"},{"code":"a","label":"y","colour":"#ff0000"}]}`,
		} {
			d.must(422, "adam", "PUT", "/review/tags", bad)
		}
		same(t, "set order", d.must(200, "tess", "PUT", "/recordings/REC1/tags", `{"codes":["insight","rupture","insight"]}`).get("codes"), "[rupture insight]")
		same(t, "facts", d.wantFacts("review.tagged")[0].(event.RecordingTagged).Added, "[insight rupture]")
		d.must(422, "tess", "PUT", "/recordings/REC1/tags", `{"codes":["unknown"]}`)
		same(t, "in use", d.must(409, "adam", "PUT", "/review/tags", `{"version":1,"items":[]}`).code(), "tag_in_use")
		d.must(200, "adam", "PUT", "/review/tags", `{"version":1,"items":[{"code":"insight","label":"Insight","colour":"#00ff00"},{"code":"rupture","label":"Rupture","colour":"#ff0000","archived":true}]}`)
		d.emitted()
		d.must(422, "olga", "PUT", "/recordings/REC2/tags", `{"codes":["rupture"]}`)
		same(t, "archived may stay", d.must(200, "tess", "PUT", "/recordings/REC1/tags", `{"codes":["rupture"]}`).get("codes"), "[rupture]")
		d.must(200, "olga", "PUT", "/recordings/REC2/tags", `{"codes":["insight"]}`)
		tags, err := d.TagsOf(t.Context(), "REC1", "REC2", "REC9")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "for a list", tags, "map[REC1:[rupture] REC2:[insight]]")
		var ids []string
		if err := d.db.Read().NewSelect().TableExpr("review_recording_tags").ColumnExpr("DISTINCT recording_id").Where("recording_id IN (?)", d.Tagged("insight")).Scan(t.Context(), &ids); err != nil {
			t.Fatal(err)
		}
		same(t, "narrowed list", ids, "[REC2]")
	})
}

func TestClinicalNote(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const path = "/recordings/REC1/clinical-note"
		draft := func(text string, version int) string {
			return fmt.Sprintf(`{"format":"soap","sections":[{"key":"plan","lines":[{"text":%q,"atMs":61000}]}],"version":%d}`, text, version)
		}
		d.must(404, "tess", "GET", path, "")
		d.must(428, "tess", "PUT", path, `{"format":"soap","sections":[]}`)
		d.must(412, "tess", "PUT", path, draft("a", 3))
		a := d.must(200, "tess", "PUT", path, draft("first", 0))
		same(t, "sections", []any{a.get("sections.0.key"), a.get("sections.3.lines.0.text"), a.get("version"), a.header.Get("ETag")}, []any{"subjective", "first", 1, `"1"`})
		d.must(412, "tess", "PUT", path, draft("two tabs", 0))
		d.at = d.at.Add(30 * time.Second)
		d.must(200, "tess", "PUT", path, draft("second", 1))
		same(t, "same again", d.must(200, "tess", "PUT", path, draft("second", 2)).get("version"), 2)
		d.at = d.at.Add(2 * time.Minute)
		d.must(200, "tess", "PUT", path, draft("third", 2), "If-Match", `"2"`)
		d.must(412, "tess", "PUT", path, draft("x", 3), "If-Match", `"2"`)
		history := d.must(200, "tess", "GET", path+"/versions", "")
		same(t, "history", []any{history.get("items.0.version"), history.get("items.1.version"), history.get("items.1.sections.3.lines.0.text"), history.get("items.2")}, []any{3, 2, "second", nil})
		for _, bad := range []string{
			`{"format":"dap","sections":[{"key":"subjective","lines":[]}],"version":3}`,
			`{"format":"soap","sections":[{"key":"plan","lines":[]},{"key":"plan","lines":[]}],"version":3}`,
			`{"format":"soap","sections":[{"key":"plan","lines":[{"text":"x","atMs":3600001}]}],"version":3}`,
			`{"format":"birp","sections":[],"version":3}`,
			`{"format":"soap","sections":[],"version":3,"authorId":"theo"}`,
		} {
			d.must(422, "tess", "PUT", path, bad)
		}

		// Others see and touch nothing of a draft.
		d.must(404, "theo", "GET", path, "")
		d.must(404, "theo", "GET", path+"/versions", "")
		same(t, "another author", d.must(403, "theo", "PUT", path, draft("mine", 3)).code(), "not_author")
		d.must(403, "theo", "POST", path+"/sign", `{"version":3}`)
		d.must(404, "theo", "POST", path+"/amendments", `{"lines":[{"text":"a"}]}`)
		d.must(404, "theo", "PUT", path+"/readers", `{"readers":"team"}`)
		d.must(409, "tess", "POST", path+"/amendments", `{"lines":[{"text":"too soon"}]}`)
		d.wantFacts()

		d.must(428, "tess", "POST", path+"/sign", `{}`)
		d.must(412, "tess", "POST", path+"/sign", `{"version":2}`)
		signed := d.must(200, "tess", "POST", path+"/sign", `{"version":3}`)
		hash := signed.get("signature.hash").(string)
		same(t, "signature", []any{signed.get("signature.by"), signed.get("signature.name"), len(hash)}, []any{"tess", "Tess", 64})
		same(t, "fact", d.wantFacts("clinical_note.signed")[0].(event.ClinicalNoteSigned).Hash, hash)
		d.must(409, "tess", "PUT", path, draft("after", 3))
		d.must(409, "tess", "POST", path+"/sign", `{"version":3}`)
		d.must(404, "theo", "GET", path, "") // signed, not opened
		d.must(200, "tess", "PUT", path+"/readers", `{"readers":"team"}`)
		read := d.must(200, "theo", "GET", path, "")
		same(t, "what Theo reads", []any{read.get("sections.3.lines.0.text"), read.get("mine")}, []any{"third", false})
		d.must(403, "theo", "POST", path+"/amendments", `{"lines":[{"text":"a"}]}`)
		d.must(403, "theo", "GET", path+"/versions", "")
		d.must(403, "sue", "GET", path, "")
		d.wantFacts("clinical_note.shared", "clinical_note.viewed")
		d.must(422, "tess", "POST", path+"/amendments", `{"lines":[]}`)
		d.must(422, "tess", "POST", path+"/amendments", `{"lines":[{"text":"  "}]}`)
		d.at = d.at.Add(time.Hour)
		amended := d.must(201, "tess", "POST", path+"/amendments", `{"lines":[{"text":"dose corrected","atMs":5}]}`)
		same(t, "amendment", []any{amended.get("amendments.0.seq"), amended.get("amendments.0.lines.0.text"), amended.get("signature.hash")}, []any{1, "dose corrected", hash})
		d.wantFacts("clinical_note.amended")
		d.must(201, "tess", "POST", path+"/amendments", `{"lines":[{"text":"and again"}]}`)

		// The database refuses what the program never does.
		for _, q := range []string{
			"UPDATE clinical_note_signed SET content = '{}'", "DELETE FROM clinical_note_signed", "UPDATE clinical_notes SET sections = '[]'",
			"DELETE FROM clinical_notes", "UPDATE clinical_notes SET signed_at = NULL", "UPDATE clinical_notes SET author_id = 'theo'",
		} {
			err := d.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := tx.ExecContext(ctx, q); return err })
			if err == nil {
				t.Errorf("%s went through", q)
			}
		}
	})
}

// TestBrokenSignature: somebody with the database file changed a signed line.
func TestBrokenSignature(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const path = "/recordings/REC1/clinical-note"
		d.must(200, "tess", "PUT", path, `{"format":"dap","sections":[{"key":"data","lines":[{"text":"slept well"}]}],"version":0}`)
		d.must(200, "tess", "POST", path+"/sign", `{"version":1,"readers":"team"}`)
		drop := "DROP TRIGGER clinical_note_signed_fixed"
		if d.db.Dialect() == db.Postgres {
			drop += " ON clinical_note_signed"
		}
		for _, q := range []string{drop, "UPDATE clinical_note_signed SET content = replace(content, 'slept well', 'slept badly')"} {
			if err := d.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := tx.ExecContext(ctx, q); return err }); err != nil {
				t.Fatal(err)
			}
		}
		same(t, "code", d.must(409, "tess", "GET", path, "").code(), "signature_broken")
		d.must(409, "theo", "GET", path, "")
		d.must(409, "tess", "POST", path+"/amendments", `{"lines":[{"text":"a"}]}`)
	})
}

// TestTwoTabs: of two saves on one version, one wins and nothing is lost.
func TestTwoTabs(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		saved := 0
		for i := range 8 {
			wg.Go(func() {
				_, err := d.SaveClinicalNote(t.Context(), principal("tess"), "REC1", 0, SOAP, []Section{{Key: "plan", Lines: []Line{{Text: fmt.Sprint(i)}}}})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					saved++
				}
			})
		}
		wg.Wait()
		same(t, "winners", saved, 1)
	})
}

func TestPsychotherapyNote(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		const path = "/recordings/REC1/psychotherapy-note"
		d.must(404, "tess", "GET", path, "")
		same(t, "version", d.must(200, "tess", "PUT", path, `{"text":"my own view","version":0}`).get("version"), 1)
		d.must(412, "tess", "PUT", path, `{"text":"x","version":0}`)
		d.must(404, "theo", "GET", path, "")
		d.must(200, "theo", "PUT", path, `{"text":"his","version":0}`)
		same(t, "own", d.must(200, "tess", "GET", path, "").get("text"), "my own view")
		d.must(204, "tess", "DELETE", path, "")
		d.must(404, "tess", "DELETE", path, "")
		d.must(200, "theo", "GET", path, "")
		d.wantFacts()
	})
}

func TestForget(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.must(200, "adam", "PUT", "/review/tags", `{"version":0,"items":[{"code":"a","label":"A","colour":"#000000"}]}`)
		for _, r := range []string{"REC1", "REC2"} {
			who := map[string]string{"REC1": "tess", "REC2": "olga"}[r]
			p := "/recordings/" + r
			root := d.must(201, who, "POST", p+"/notes", `{"atMs":61000,"text":"a"}`).get("id").(string)
			d.must(201, who, "POST", p+"/notes", `{"text":"b","parentId":"`+root+`"}`)
			d.must(201, who, "POST", p+"/marks", `{"atMs":61000}`)
			d.must(200, who, "PUT", p+"/tags", `{"codes":["a"]}`)
			d.must(200, who, "PUT", p+"/transcript", vttBody, "Content-Type", "text/vtt")
			d.must(200, who, "PUT", p+"/clinical-note", `{"format":"dap","sections":[{"key":"data","lines":[{"text":"x"}]}],"version":0}`)
			d.must(200, who, "POST", p+"/clinical-note/sign", `{"version":1}`)
			d.must(200, who, "PUT", p+"/psychotherapy-note", `{"text":"x","version":0}`)
		}
		var gone map[string]int64
		for range 2 {
			err := d.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				if gone == nil {
					gone, err = d.Forget(ctx, tx, "REC1")
				} else {
					_, err = d.Forget(ctx, tx, "REC1") // again, after a crash
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.Mark(t.Context(), principal("tess"), "REC1", time.Second, ""); !fault.Is(err, fault.Gone) {
			t.Errorf("a mark that came too late: %v", err)
		}
		same(t, "gone", gone, "map[marks:1 notes:2 tags:1 transcripts:1]")
		d.must(404, "tess", "GET", "/recordings/REC1/transcript", "")
		d.must(200, "tess", "GET", "/recordings/REC1/clinical-note", "")
		d.must(200, "tess", "GET", "/recordings/REC1/psychotherapy-note", "")
		same(t, "the others' words", d.must(200, "olga", "GET", "/recordings/REC2/transcript/search?q=hello", "").get("items.0.startMs"), 70000)
		same(t, "the others' notes", d.must(200, "olga", "GET", "/recordings/REC2/notes", "").get("items.1.text"), "b")
	})
}

// TestReplyWhileDeleted: a thread that is deleted while somebody answers keeps
// the answer. A cascade once could take it along.
func TestReplyWhileDeleted(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		root, err := d.AddNote(t.Context(), principal("tess"), "REC1", NewNote{AtMs: 61000, Text: "root"})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		added := 0
		for range 8 {
			wg.Go(func() {
				_, err := d.AddNote(t.Context(), principal("theo"), "REC1", NewNote{ParentID: root.ID, Text: "reply"})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					added++
				case !fault.Is(err, fault.Invalid): // came after the thread had gone
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			if err := d.DeleteNote(t.Context(), principal("tess"), "REC1", root.ID); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		notes, err := d.Notes(t.Context(), principal("theo"), "REC1")
		if err != nil {
			t.Fatal(err)
		}
		replies := 0
		for _, n := range notes {
			if n.ParentID != "" {
				replies++
			}
		}
		same(t, "replies that were acknowledged", replies, added)
	})
}
