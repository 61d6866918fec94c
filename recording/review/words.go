package review

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Searching. Words are folded here and not by the engines: PostgreSQL's unaccent
// is an extension an operator may not have, and two tokenizers would find
// different things. Both engines index the same folded words.

const (
	maxTerms   = 10
	maxWord    = 64  // characters of a folded word
	maxSnippet = 240 // characters around the first hit
)

// word is a folded word and where it stands in its text.
type word struct {
	text     string
	from, to int // bytes
}

// words cuts a text into folded words: letters and digits, without accents and
// case. Scripts that write no spaces give a word per character.
func words(s string) []word {
	var out []word
	begin := -1
	end := func(at int) {
		if begin >= 0 {
			if f := fold(s[begin:at]); f != "" {
				out = append(out, word{f, begin, at})
			}
			begin = -1
		}
	}
	for i, r := range s {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) && unicode.IsLetter(r):
			end(i)
			begin = i
			end(i + utf8.RuneLen(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if begin < 0 {
				begin = i
			}
		case unicode.IsMark(r): // belongs to the letter before it
		default:
			end(i)
		}
	}
	end(len(s))
	return out
}

// letters that compatibility decomposition leaves whole.
var foldLetters = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "þ", "th", "ł", "l", "ı", "i", "ħ", "h")

func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
	runes := []rune(foldLetters.Replace(s))
	return string(runes[:min(len(runes), maxWord)])
}

// foldAll is a text as it is indexed.
func foldAll(s string) string {
	found := words(s)
	texts := make([]string, len(found))
	for i, w := range found {
		texts[i] = w.text
	}
	return strings.Join(texts, " ")
}

// term is a word or a phrase to be found. Of a prefix, the last word may go on.
type term struct {
	words  []string
	prefix bool
}

// query is what was asked for: all of its terms.
type query []term

// parseQuery reads what a person typed: words, "phrases in quotes", a star for a
// beginning. The last word, still being typed, is a beginning too.
func parseQuery(s string) (query, error) {
	var q query
	add := func(s string, prefix bool) {
		t := term{prefix: prefix}
		for _, w := range words(s) {
			t.words = append(t.words, w.text)
		}
		if len(t.words) > 0 {
			q = append(q, t)
		}
	}
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			add(part, false)
			continue
		}
		fields := strings.Fields(part)
		for j, f := range fields {
			typing := j == len(fields)-1 && strings.HasSuffix(s, f)
			add(f, typing || strings.HasSuffix(f, "*"))
		}
	}
	switch {
	case len(q) == 0:
		return nil, invalid("query.q", "Ask for a word.")
	case len(q) > maxTerms:
		return nil, invalid("query.q", "That is too many words at once.")
	}
	return q, nil
}

// fts5 is the query in SQLite's language, narrowed to one recording.
func (q query) fts5(recording string) string {
	parts := make([]string, len(q))
	for i, t := range q {
		parts[i] = `"` + strings.Join(t.words, " ") + `"`
		if t.prefix {
			parts[i] += " *"
		}
	}
	return `recording_id : "` + strings.ReplaceAll(recording, `"`, `""`) + `" AND words : (` + strings.Join(parts, " AND ") + `)`
}

// tsquery is the query in PostgreSQL's. Words are letters and digits, so
// nothing in them needs escaping.
func (q query) tsquery() string {
	parts := make([]string, len(q))
	for i, t := range q {
		parts[i] = "('" + strings.Join(t.words, "' <-> '") + "'"
		if t.prefix {
			parts[i] += ":*"
		}
		parts[i] += ")"
	}
	return strings.Join(parts, " & ")
}

// Piece is a part of a snippet. Match marks what was asked for.
type Piece struct {
	Text  string `json:"text"`
	Match bool   `json:"match,omitempty"`
}

// snippet cuts a text around the first hit and marks all hits in it.
func (q query) snippet(s string) []Piece {
	found := words(s)
	hit := make([]bool, len(found))
	first := len(found)
	for _, t := range q {
		for i := range found {
			if t.at(found[i:]) {
				for j := range t.words {
					hit[i+j] = true
				}
				first = min(first, i)
			}
		}
	}
	around := 0
	if first < len(found) {
		around = found[first].from
	}
	from, to := window(s, around)
	var out []Piece
	at := from
	push := func(to int, match bool) {
		if to > at {
			out = append(out, Piece{s[at:to], match})
			at = to
		}
	}
	for i := 0; i < len(found); i++ {
		if !hit[i] || found[i].from < from || found[i].to > to {
			continue
		}
		push(found[i].from, false)
		push(found[i].to, true)
	}
	push(to, false)
	if from > 0 {
		out = append([]Piece{{Text: "… "}}, out...)
	}
	if to < len(s) {
		out = append(out, Piece{Text: " …"})
	}
	return out
}

// at reports whether a term stands at the beginning of some words.
func (t term) at(found []word) bool {
	if len(found) < len(t.words) {
		return false
	}
	for i, w := range t.words {
		last := i == len(t.words)-1
		if found[i].text != w && !(last && t.prefix && strings.HasPrefix(found[i].text, w)) {
			return false
		}
	}
	return true
}

// window is a stretch of s of at most maxSnippet characters with the byte at in
// it, between spaces where there are any.
func window(s string, at int) (from, to int) {
	if utf8.RuneCountInString(s) <= maxSnippet {
		return 0, len(s)
	}
	from = at
	for range maxSnippet / 3 {
		_, size := utf8.DecodeLastRuneInString(s[:from])
		from -= size
	}
	if space := strings.IndexByte(s[from:at], ' '); from > 0 && space >= 0 {
		from += space + 1
	}
	to = from
	for range maxSnippet {
		_, size := utf8.DecodeRuneInString(s[to:])
		to += size
	}
	if space := strings.LastIndexByte(s[at:to], ' '); to < len(s) && space > 0 {
		to = at + space
	}
	return from, to
}
