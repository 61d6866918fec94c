// Package blob keeps named byte objects on this machine's disk or in an S3
// bucket, through one interface, and seals them so that neither a stolen disk
// nor the bucket's owner can read them.
//
// An object is written once, front to back, and appears whole or not at all:
// Create, Write…, Commit. It is never patched. Readers read anywhere.
//
// Sealing (sealed.go) binds every chunk to the object's name and place, so
// what was cut, altered, swapped with another object or replaced by an older
// version is ErrDamaged and never handed out. Keys (keys.go) live in files of
// their own, outside any database, and destroying one is how an object is
// erased for good. The package refuses to cache plain bytes on disk and to
// guess: a key file that others can read is an error, not a warning.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

var (
	// ErrNotFound says that no object has that name.
	ErrNotFound = errors.New("no such object")
	// ErrDamaged says that an object is not what was written under its name:
	// cut, altered, swapped, or sealed with another key.
	ErrDamaged = errors.New("object is damaged")
	// ErrName says that a name cannot be an object's.
	ErrName = errors.New("not an object name")
)

// Store keeps objects. Names are parts of letters, digits, '.', '-' and '_'
// joined by '/'; no part begins with a dot.
type Store interface {
	// Create begins a new object. Whoever reads the name meanwhile sees what
	// was there before. ctx governs the whole writing.
	Create(ctx context.Context, name string) (Writer, error)
	// Open fails with ErrNotFound. ctx governs the reading until Close.
	Open(ctx context.Context, name string) (Object, error)
	// Delete removes an object durably; an absent one is no error.
	Delete(ctx context.Context, name string) error
	// List yields the objects whose name begins with prefix, by name.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
}

// Writer writes one object. After Commit returns nil the object is visible and
// durable. Abort leaves no trace, and does nothing after Commit.
type Writer interface {
	io.Writer
	Commit() error
	Abort() error
}

// Object is an open object.
type Object interface {
	io.ReaderAt
	Size() int64
	Close() error
}

// Info is an entry of a list.
type Info struct {
	Name     string
	Size     int64
	Modified time.Time
}

const maxName = 512

// CheckName reports whether name can be an object's, so that no name reaches
// outside a store.
func CheckName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("%w: %d bytes", ErrName, len(name))
	}
	for part := range strings.SplitSeq(name, "/") {
		if !validPart(part) {
			return fmt.Errorf("%w: %q", ErrName, name)
		}
	}
	return nil
}

func validPart(part string) bool {
	if part == "" || part[0] == '.' {
		return false
	}
	for i := range len(part) {
		c := part[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// checkPrefix is CheckName for the beginning of a name; "" is every object.
func checkPrefix(prefix string) error {
	if trimmed := strings.TrimSuffix(prefix, "/"); trimmed != "" || prefix != "" {
		return CheckName(trimmed)
	}
	return nil
}
