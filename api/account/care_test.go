package account

import (
	"fmt"
	"testing"

	"mentara/internal/event"
)

func careBody(therapist, client User) string {
	return fmt.Sprintf(`{"therapistId":%q,"clientId":%q}`, therapist.ID, client.ID)
}

func careQuery(therapist, client User) string {
	return "/care?therapistId=" + therapist.ID + "&clientId=" + client.ID
}

func TestCare(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin, ther, ana := w.as(w.admin), w.as(w.ther), w.as(w.ana)
		r := admin.must("PUT", "/care", careBody(w.other, w.ana), 200)
		equal(t, "care", r.body, map[string]any{
			"therapistId": w.other.ID, "therapistName": "Oscar Lind", "clientId": w.ana.ID, "clientName": "Ána Costa", "since": "2026-11-23T09:00:00Z",
		})
		facts := w.wantFacts("care.changed")
		equal(t, "fact", facts[0], event.Fact(event.CareChanged{Therapist: w.other.ID, Client: w.ana.ID, Change: "started", By: w.admin.ID}))
		equal(t, "again", admin.must("PUT", "/care", careBody(w.other, w.ana), 200).body, r.body)
		w.wantFacts()

		for _, tc := range []struct {
			b     *browser
			query string
			want  []string
		}{
			{admin, "", []string{"Ána Costa", "Noor Haddad", "Ána Costa", "Tomas Costa"}},
			{w.as(w.moderator), "?therapistId=" + w.ther.ID, []string{"Ána Costa", "Tomas Costa"}},
			{ther, "", []string{"Ána Costa", "Tomas Costa"}},
			{ther, "?therapistId=" + w.other.ID, nil},
			{ana, "", []string{"Ána Costa", "Ána Costa"}},
			{ana, "?clientId=" + w.noor.ID, nil},
		} {
			equal(t, tc.query, tc.b.must("GET", "/care"+tc.query, "", 200).names("items", "clientName"), tc.want)
		}
		var paged []string
		next := ""
		for {
			r := admin.must("GET", "/care?limit=1&cursor="+next, "", 200)
			paged = append(paged, r.names("items", "clientName")...)
			if next, _ = r.at("next").(string); next == "" {
				break
			}
		}
		equal(t, "by pages", len(paged), 4)

		for _, bad := range []string{careBody(w.ana, w.ther), careBody(w.ther, w.other), careBody(w.ther, User{ID: "NOSUCH"}), careBody(w.ther, w.ther), `{"therapistId":"x"}`, `{}`} {
			admin.must("PUT", "/care", bad, 422)
		}
		admin.must("DELETE", "/care", "", 422)
		admin.must("DELETE", careQuery(w.ther, w.noor), "", 404)
		w.wantFacts()
		admin.must("DELETE", careQuery(w.other, w.ana), "", 204)
		w.wantFacts("care.changed")
		admin.must("DELETE", careQuery(w.other, w.ana), "", 404)
		treats, err := w.s.Treats(t.Context(), w.other.ID, w.ana.ID)
		equal(t, "treats", []any{treats, err}, []any{false, nil})
		// It may begin again.
		admin.must("PUT", "/care", careBody(w.other, w.ana), 200)
		w.wantFacts("care.changed")
	})
}

func unitBody(name, kind, therapist string, members ...User) string {
	ids := ""
	for i, m := range members {
		if i > 0 {
			ids += ","
		}
		ids += fmt.Sprintf("%q", m.ID)
	}
	return fmt.Sprintf(`{"name":%q,"kind":%q,"therapistId":%q,"members":[%s]}`, name, kind, therapist, ids)
}

func TestCareUnits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin, ther, other := w.as(w.admin), w.as(w.ther), w.as(w.other)
		// Whatever a therapist says, the unit is their own.
		r := ther.must("POST", "/care-units", unitBody("Ana and Tomas", "couple", w.other.ID, w.tomas, w.ana), 201)
		id := r.at("id").(string)
		equal(t, "unit", r.body, map[string]any{
			"id": id, "name": "Ana and Tomas", "kind": "couple", "therapistId": w.ther.ID, "createdAt": "2026-11-23T09:00:00Z",
			"members": []any{map[string]any{"id": w.ana.ID, "name": "Ána Costa"}, map[string]any{"id": w.tomas.ID, "name": "Tomas Costa"}},
		})
		w.wantFacts("care_unit.changed")

		for _, bad := range []string{
			unitBody("x", "couple", "", w.ana), unitBody("x", "couple", "", w.ana, w.ana), unitBody("x", "couple", "", w.ana, w.noor),
			unitBody("x", "group", "", w.ana, w.other), unitBody("x", "band", "", w.ana, w.tomas), unitBody(" ", "couple", "", w.ana, w.tomas),
		} {
			ther.must("POST", "/care-units", bad, 422)
		}
		admin.must("POST", "/care-units", unitBody("x", "couple", "", w.ana, w.tomas), 422)
		admin.must("POST", "/care-units", unitBody("x", "couple", w.other.ID, w.ana, w.tomas), 422)
		w.wantFacts()

		equal(t, "own", ther.must("GET", "/care-units", "", 200).names("items", "id"), []string{id})
		equal(t, "admin's", admin.must("GET", "/care-units", "", 200).names("items", "id"), []string{id})
		equal(t, "foreign", len(other.must("GET", "/care-units", "", 200).names("items", "id")), 0)
		other.must("PATCH", "/care-units/"+id, `{"name":"Mine"}`, 404)
		other.must("DELETE", "/care-units/"+id, "", 404)
		w.wantFacts()

		equal(t, "name", ther.must("PATCH", "/care-units/"+id, `{"name":"The Costas"}`, 200).at("name"), "The Costas")
		w.wantFacts("care_unit.changed")
		ther.must("PATCH", "/care-units/"+id, `{"name":"The Costas"}`, 200)
		ther.must("PATCH", "/care-units/"+id, fmt.Sprintf(`{"members":[%q,%q]}`, w.ana.ID, w.noor.ID), 422)
		ther.must("PATCH", "/care-units/"+id, `{"therapistId":"x"}`, 422)
		ther.must("PATCH", "/care-units/"+id, `{"kind":"group"}`, 422)
		equal(t, "members stayed", len(ther.must("GET", "/care-units", "", 200).at("items.0.members").([]any)), 2)
		w.wantFacts()

		ther.must("DELETE", "/care-units/"+id, "", 204)
		w.wantFacts("care_unit.changed")
		ther.must("DELETE", "/care-units/"+id, "", 404)
		equal(t, "gone", len(ther.must("GET", "/care-units", "", 200).names("items", "id")), 0)
	})
}

// TestEndOfCareLeavesUnits: a therapist keeps nobody in a group they no longer
// treat, and a couple of one is none.
func TestEndOfCareLeavesUnits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		admin, ther := w.as(w.admin), w.as(w.ther)
		admin.must("PUT", "/care", careBody(w.ther, w.noor), 200)
		ther.must("POST", "/care-units", unitBody("Couple", "couple", "", w.ana, w.tomas), 201)
		ther.must("POST", "/care-units", unitBody("Group", "group", "", w.ana, w.tomas, w.noor), 201)
		w.drain()
		admin.must("DELETE", careQuery(w.ther, w.ana), "", 204)
		w.wantFacts("care_unit.changed", "care_unit.changed", "care.changed")
		r := ther.must("GET", "/care-units", "", 200)
		equal(t, "left", r.names("items", "name"), []string{"Group"})
		equal(t, "members", len(r.at("items.0.members").([]any)), 2)
	})
}
