package configs

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Secret returns the secret kept in dir/name, making it at first use: size
// random bytes in a file only its owner can read. It refuses a file others can
// read, or one of another size.
func Secret(dir, name string, size int) ([]byte, error) {
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecret(dir, path, size)
	}
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s: mode %o lets others read it, expected 600", path, mode)
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(secret) != size {
		return nil, fmt.Errorf("%s: expected %d bytes, got %d", path, size, len(secret))
	}
	return secret, nil
}

// makeSecret writes beside the final name and links, so that of two programs
// starting at once both end with the same secret.
func makeSecret(dir, path string, size int) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	secret := make([]byte, size)
	rand.Read(secret)
	f, err := os.CreateTemp(dir, ".secret-*") // 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, werr := f.Write(secret)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(f.Name(), path); errors.Is(err, fs.ErrExist) {
		return os.ReadFile(path)
	} else if err != nil {
		return nil, err
	}
	return secret, nil
}
