package review

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What people may write at most, in characters.
const (
	maxLabel  = 120
	maxNote   = 4000
	maxLine   = 4000
	maxReason = 500
)

// line returns one line of text as it is stored: composed, without control
// characters, with single spaces. min is 0 or 1.
func line(location, s string, min, max int) (string, error) {
	return checked(location, strings.Join(strings.Fields(norm.NFC.String(s)), " "), min, max)
}

// prose returns text of several lines as it is stored.
func prose(location, s string, min, max int) (string, error) {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(norm.NFC.String(s))
	return checked(location, strings.TrimSpace(s), min, max)
}

func checked(location, s string, min, max int) (string, error) {
	if n := utf8.RuneCountInString(s); n < min || n > max {
		return "", invalid(location, fmt.Sprintf("This has %d to %d characters.", min, max))
	}
	bad := func(r rune) bool {
		return r != '\n' && r != '\t' && unicode.Is(unicode.Cc, r) || isOverride(r) || r == utf8.RuneError
	}
	if strings.ContainsFunc(s, bad) {
		return "", invalid(location, "This has control characters.")
	}
	return s, nil
}

// isOverride finds characters that turn the reading order of what follows. The
// marks that right-to-left text needs are not among them.
func isOverride(r rune) bool { return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 }
