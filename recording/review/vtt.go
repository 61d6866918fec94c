package review

import (
	"bytes"
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mentara/internal/fault"
)

// WebVTT (W3C Candidate Recommendation, 4 April 2019), read by its syntax (§4)
// and not by what players forgive (§6): a transcript that is wrong is said to be
// wrong, with the line. Kept are times, identifiers, settings, voices and text;
// comments, style sheets, regions and formatting are read over.

// What ParseVTT accepts at most.
const (
	maxVTT      = 4 << 20
	maxCues     = 50_000
	maxCueName  = 256
	maxCueText  = 8000
	maxVoice    = 120
	maxSettings = 200
)

// Span is what one voice says in a cue. No voice is said when Voice is empty.
type Span struct {
	Voice string `json:"voice,omitempty"`
	Text  string `json:"text"`
}

// Cue is one caption.
type Cue struct {
	Name     string // identifier, often empty
	StartMs  int64
	EndMs    int64
	Settings string // position of the caption, as written
	Spans    []Span // one at least
	Line     int    // of its times in the file it came from
}

// Transcript is a WebVTT file.
type Transcript struct {
	Language string // BCP 47, when the header says one
	Cues     []Cue
}

// vttReader goes through the lines of a file.
type vttReader struct {
	lines []string
	n     int // lines read
}

func (r *vttReader) fault(format string, args ...any) error {
	return vttFault(r.n, format, args...)
}

func vttFault(line int, format string, args ...any) error {
	message := fmt.Sprintf("Line %d: ", line) + fmt.Sprintf(format, args...)
	return fault.New(fault.Invalid, "bad_vtt", message).With("body", message)
}

func (r *vttReader) next() (string, bool) {
	if r.n == len(r.lines) {
		return "", false
	}
	r.n++
	return r.lines[r.n-1], true
}

// block reads the lines up to an empty one or the end.
func (r *vttReader) block() []string {
	begin := r.n
	for {
		line, ok := r.next()
		if !ok {
			return r.lines[begin:r.n]
		}
		if line == "" {
			return r.lines[begin : r.n-1]
		}
	}
}

// ParseVTT reads a file. Its faults name the line.
func ParseVTT(data []byte) (Transcript, error) {
	var t Transcript
	if len(data) > maxVTT {
		return t, fault.Newf(fault.TooLarge, "too_large", "A transcript has %d bytes at most.", maxVTT)
	}
	text := string(bytes.TrimPrefix(data, []byte("\ufeff")))
	r := &vttReader{lines: strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")}
	for i, line := range r.lines {
		if !utf8.ValidString(line) {
			return t, vttFault(i+1, "this is not UTF-8.")
		}
		if strings.ContainsFunc(line, func(c rune) bool { return unicode.Is(unicode.Cc, c) && c != '\t' }) {
			return t, vttFault(i+1, "there are control characters.")
		}
	}
	header := r.block()
	if len(header) == 0 || !keyword(header[0], "WEBVTT") {
		return t, vttFault(1, "a WebVTT file begins with WEBVTT.")
	}
	for i, line := range header {
		if strings.Contains(line, "-->") {
			return t, vttFault(i+1, "an empty line must stand before the first caption.")
		}
		// Not in the standard, yet what captions made by machines carry.
		if key, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(key), "language") {
			t.Language = languageTag(value)
		}
	}
	last := int64(0)
	for r.n < len(r.lines) {
		cue, ok, err := r.cue(len(t.Cues) > 0)
		if err != nil {
			return Transcript{}, err
		}
		if !ok {
			continue
		}
		if cue.StartMs < last {
			return Transcript{}, vttFault(cue.Line, "this begins before the caption above it.")
		}
		last = cue.StartMs
		if len(t.Cues) == maxCues {
			return Transcript{}, vttFault(cue.Line, "a transcript has %d captions at most.", maxCues)
		}
		if len(cue.Spans) > 0 {
			t.Cues = append(t.Cues, cue)
		}
	}
	if len(t.Cues) == 0 {
		return Transcript{}, r.fault("there is not one caption with words.")
	}
	return t, nil
}

// keyword reports whether a line is a word alone, or with a blank after it.
func keyword(line, word string) bool {
	rest, ok := strings.CutPrefix(line, word)
	return ok && (rest == "" || rest[0] == ' ' || rest[0] == '\t')
}

func languageTag(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 35 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		return ""
	}
	return s
}

// cue reads the next block; ok is false for one that is no cue.
func (r *vttReader) cue(begun bool) (c Cue, ok bool, err error) {
	first, _ := r.next()
	if first == "" {
		return c, false, nil
	}
	// What stands before the times and is not a name is a block of its own.
	if !strings.Contains(first, "-->") {
		for _, word := range []string{"NOTE", "STYLE", "REGION"} {
			if !keyword(first, word) || word != "NOTE" && strings.TrimSpace(first) != word {
				continue
			}
			if begun && word != "NOTE" {
				return c, false, r.fault("a %s block stands before the first caption.", word)
			}
			begin := r.n
			for i, line := range r.block() {
				if strings.Contains(line, "-->") {
					return c, false, vttFault(begin+i+1, `a %s block cannot hold "-->". Is an empty line missing?`, word)
				}
			}
			return c, false, nil
		}
		c.Name = strings.Join(strings.Fields(first), " ")
		if utf8.RuneCountInString(c.Name) > maxCueName {
			return c, false, r.fault("a name has %d characters at most.", maxCueName)
		}
		if first, ok = r.next(); !ok || !strings.Contains(first, "-->") {
			return c, false, r.fault("the times of a caption were expected here, as 00:01.000 --> 00:04.000.")
		}
	}
	c.Line = r.n
	if err := c.times(first); err != nil {
		return c, false, r.fault("%s", err)
	}
	begin := r.n
	payload := r.block()
	for i, line := range payload {
		if strings.Contains(line, "-->") {
			return c, false, vttFault(begin+i+1, `words cannot hold "-->". Is an empty line missing?`)
		}
	}
	if c.Spans, err = parsePayload(strings.Join(payload, "\n")); err != nil {
		return c, false, vttFault(begin+1, "%s", err)
	}
	return c, true, nil
}

// times reads "start --> end settings".
func (c *Cue) times(line string) error {
	start, rest, _ := strings.Cut(line, "-->")
	if start != "" && !blank(start[len(start)-1]) || rest == "" || !blank(rest[0]) {
		return fmt.Errorf("blanks stand on both sides of the arrow")
	}
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return fmt.Errorf("the end is missing")
	}
	var err error
	if c.StartMs, err = parseTime(strings.TrimSpace(start)); err != nil {
		return err
	}
	if c.EndMs, err = parseTime(fields[0]); err != nil {
		return err
	}
	if c.EndMs <= c.StartMs {
		return fmt.Errorf("a caption ends after it begins")
	}
	c.Settings, err = parseSettings(fields[1:])
	return err
}

func blank(b byte) bool { return b == ' ' || b == '\t' }

// parseTime reads a WebVTT timestamp (§4.3): hours, two digits or more, are
// optional; minutes, seconds and milliseconds are not.
func parseTime(s string) (int64, error) {
	wrong := fmt.Errorf("%.20q is not a time such as 00:04.000 or 01:00:04.000", s)
	whole, fraction, ok := strings.Cut(s, ".")
	parts := strings.Split(whole, ":")
	if !ok || len(parts) < 2 || len(parts) > 3 {
		return 0, wrong
	}
	ms, ok := digits(fraction, 3, 3, 999)
	if !ok {
		return 0, wrong
	}
	seconds, ok := digits(parts[len(parts)-1], 2, 2, 59)
	if !ok {
		return 0, wrong
	}
	minutes, ok := digits(parts[len(parts)-2], 2, 2, 59)
	if !ok {
		return 0, wrong
	}
	hours := int64(0)
	if len(parts) == 3 {
		if hours, ok = digits(parts[0], 2, 4, 168); !ok {
			return 0, wrong
		}
	}
	return ((hours*60+minutes)*60+seconds)*1000 + ms, nil
}

func digits(s string, min, max int, limit int64) (int64, bool) {
	if len(s) < min || len(s) > max || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n <= limit
}

// parseSettings checks cue settings (§4.4). Regions are not kept, so neither is
// what puts a cue into one.
func parseSettings(fields []string) (string, error) {
	seen := map[string]bool{}
	kept := fields[:0:0]
	for _, f := range fields {
		name, value, ok := strings.Cut(f, ":")
		if !ok || value == "" || seen[name] || !goodSetting(name, value) {
			return "", fmt.Errorf("%.40q is no setting that can stand here", f)
		}
		seen[name] = true
		if name != "region" {
			kept = append(kept, f)
		}
	}
	settings := strings.Join(kept, " ")
	if len(settings) > maxSettings {
		return "", fmt.Errorf("the settings are too long")
	}
	return settings, nil
}

func goodSetting(name, value string) bool {
	offset, edge, aligned := strings.Cut(value, ",")
	switch name {
	case "vertical":
		return value == "rl" || value == "lr"
	case "line":
		_, err := strconv.ParseInt(offset, 10, 16)
		return (err == nil && offset[0] != '+' || percent(offset)) && (!aligned || edge == "start" || edge == "center" || edge == "end")
	case "position":
		return percent(offset) && (!aligned || edge == "line-left" || edge == "center" || edge == "line-right")
	case "size":
		return percent(value)
	case "align":
		return value == "start" || value == "center" || value == "end" || value == "left" || value == "right"
	case "region":
		return true
	}
	return false
}

// percent is a WebVTT percentage: digits, a fraction perhaps, 0 to 100.
func percent(s string) bool {
	number, ok := strings.CutSuffix(s, "%")
	whole, fraction, dotted := strings.Cut(number, ".")
	n, good := digits(whole, 1, 3, 100)
	if !ok || !good || dotted && (fraction == "" || len(fraction) > 6 || strings.Trim(fraction, "0123456789") != "") {
		return false
	}
	return n < 100 || strings.Trim(fraction, "0") == ""
}

// parsePayload reads the text of a cue (§4.2.2): voices and words. Other tags
// are formatting and fall away.
func parsePayload(s string) ([]Span, error) {
	if utf8.RuneCountInString(s) > maxCueText {
		return nil, fmt.Errorf("a caption has %d characters at most", maxCueText)
	}
	var p payload
	for s != "" {
		text, rest, tagged := strings.Cut(s, "<")
		p.text.WriteString(text)
		if !tagged {
			break
		}
		tag, after, closed := strings.Cut(rest, ">")
		if !closed {
			return nil, fmt.Errorf(`a tag begins with "<" and does not end; a plain one is written &lt;`)
		}
		if err := p.tag(tag); err != nil {
			return nil, err
		}
		s = after
	}
	p.flush()
	return p.spans, nil
}

type payload struct {
	spans []Span
	text  strings.Builder
	voice []string // open voices
}

func (p *payload) tag(tag string) error {
	name, annotation, _ := strings.Cut(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, tag), " ")
	name, _, _ = strings.Cut(name, ".") // classes
	switch name {
	case "v":
		voice := plain(annotation)
		if voice == "" || strings.Contains(voice, "\n") || utf8.RuneCountInString(voice) > maxVoice {
			return fmt.Errorf("a voice has a name of up to %d characters: <v Name>", maxVoice)
		}
		if len(p.voice) == 8 {
			return fmt.Errorf("voices stand in one another too deeply")
		}
		p.flush()
		p.voice = append(p.voice, voice)
	case "/v":
		if len(p.voice) == 0 {
			return fmt.Errorf("</v> ends a voice that did not begin")
		}
		p.flush()
		p.voice = p.voice[:len(p.voice)-1]
	}
	return nil
}

// flush ends a span. Text of nobody in a row is one span.
func (p *payload) flush() {
	s := Span{Text: plain(p.text.String())}
	p.text.Reset()
	if s.Text == "" {
		return
	}
	if len(p.voice) > 0 {
		s.Voice = p.voice[len(p.voice)-1]
	}
	if last := len(p.spans) - 1; last >= 0 && s.Voice == "" && p.spans[last].Voice == "" {
		p.spans[last].Text += "\n" + s.Text
		return
	}
	p.spans = append(p.spans, s)
}

// plain resolves character references (§4.2.2 names HTML's), then drops what
// does not print, single spaces, and lines without words.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.Is(unicode.Cc, r):
			return ' '
		case isOverride(r) || r == '\ufeff':
			return -1
		}
		return r
	}, html.UnescapeString(s))
	lines := strings.Split(s, "\n")
	kept := lines[:0]
	for _, line := range lines {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

var escapeVTT = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// renderPayload writes spans so that parsePayload reads the same.
func renderPayload(spans []Span) string {
	lines := make([]string, len(spans))
	for i, s := range spans {
		lines[i] = escapeVTT.Replace(s.Text)
		if s.Voice != "" {
			lines[i] = "<v " + escapeVTT.Replace(s.Voice) + ">" + lines[i] + "</v>"
		}
	}
	return strings.Join(lines, "\n")
}

// VTT writes a transcript as a WebVTT file.
func (t Transcript) VTT() []byte {
	var b bytes.Buffer
	b.WriteString("WEBVTT\n")
	if t.Language != "" {
		b.WriteString("Language: " + t.Language + "\n")
	}
	for _, c := range t.Cues {
		b.WriteByte('\n')
		if c.Name != "" {
			b.WriteString(c.Name + "\n")
		}
		b.WriteString(formatTime(c.StartMs) + " --> " + formatTime(c.EndMs))
		if c.Settings != "" {
			b.WriteString(" " + c.Settings)
		}
		b.WriteString("\n" + renderPayload(c.Spans) + "\n")
	}
	return b.Bytes()
}

func formatTime(ms int64) string {
	s := ms / 1000
	return fmt.Sprintf("%02d:%02d:%02d.%03d", s/3600, s/60%60, s%60, ms%1000)
}
