package blob

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"mentara/internal/fault"
)

// Key is a data key: it seals the objects of one owner, a recording.
type Key [32]byte

// String keeps a key out of logs and errors.
func (Key) String() string { return "blob.Key(secret)" }

// GoString does the same for %#v.
func (k Key) GoString() string { return k.String() }

// Keys is the ring in a folder: master.json holds the master keys, newest
// last, and recordings/<id>.key a data key wrapped by one of them. Every file
// is 0600 and a wider one is refused, because a key that others could read has
// to be replaced, not used.
//
// Several processes may use one ring: writers hold a lock file, and readers
// read the files anew.
type Keys struct {
	dir string
	now func() time.Time

	mu sync.Mutex // one writer of this process at a time; the lock file orders processes
}

const (
	masterFile = "master.json"
	lockFile   = "lock"
	keyDir     = "recordings"
	keyExt     = ".key"
	ringV      = 1
	maxKeyFile = 1 << 20
)

type masterKey struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	Key     []byte    `json:"key"`
}

type ring struct {
	Version int         `json:"version"`
	Keys    []masterKey `json:"keys"`
}

type wrapped struct {
	Version int    `json:"version"`
	ID      string `json:"id"`
	Master  string `json:"master"`
	Nonce   []byte `json:"nonce"`
	Key     []byte `json:"key"` // AES-256-GCM, bound to ID and Master
}

// OpenKeys opens the ring in dir, and makes it with its first master key where
// there is none.
func OpenKeys(dir string) (*Keys, error) {
	k := &Keys{dir: dir, now: time.Now}
	if err := os.MkdirAll(filepath.Join(dir, keyDir), 0o700); err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	for _, d := range []string{dir, filepath.Join(dir, keyDir)} {
		if err := private(d); err != nil {
			return nil, err
		}
	}
	if _, err := k.ring(); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return nil, err
		}
		return k, nil
	}
	unlock, err := k.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := k.ring(); !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	// Data keys without their master are lost; a new master would hide that.
	if ids, err := k.ids(); err != nil || len(ids) > 0 {
		return nil, errors.Join(err, fmt.Errorf("open keys: %s is missing and %d recordings need it; restore it from its own backup", filepath.Join(dir, masterFile), len(ids)))
	}
	m, err := k.newMaster()
	if err != nil {
		return nil, err
	}
	return k, k.writeJSON(masterFile, ring{Version: ringV, Keys: []masterKey{m}})
}

func (k *Keys) newMaster() (masterKey, error) {
	m := masterKey{ID: rand.Text()[:12], Created: k.now().UTC().Truncate(time.Second), Key: make([]byte, 32)}
	_, err := rand.Read(m.Key)
	return m, err
}

// private refuses a file or folder that others can read.
func private(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("open keys: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		want := "600"
		if info.IsDir() {
			want = "700"
		}
		return fmt.Errorf("open keys: %s has mode %04o, so others on this machine may have read it; run chmod %s on it and rotate the master key", name, mode, want)
	}
	return nil
}

// lock makes this the only writer of the ring, among goroutines and processes.
func (k *Keys) lock() (unlock func(), err error) {
	k.mu.Lock()
	f, err := os.OpenFile(filepath.Join(k.dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		k.mu.Unlock()
		return nil, diskError("lock keys", err)
	}
	return func() { _ = f.Close(); k.mu.Unlock() }, nil
}

func (k *Keys) readJSON(name string, v any) error {
	full := filepath.Join(k.dir, name)
	info, err := os.Stat(full)
	if err != nil {
		return err
	}
	if err := private(full); err != nil {
		return err
	}
	if info.Size() > maxKeyFile {
		return fmt.Errorf("%w: %s", ErrDamaged, full)
	}
	raw, err := os.ReadFile(full)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("%w: %s is not a key file", ErrDamaged, full)
	}
	return nil
}

// writeJSON replaces a file so that a crash leaves the old or the new one.
func (k *Keys) writeJSON(name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	full := filepath.Join(k.dir, name)
	tmp := full + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return diskError("write key file", err)
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(diskError("write key file", err), os.Remove(tmp))
	}
	if err := os.Rename(tmp, full); err != nil {
		return errors.Join(diskError("write key file", err), os.Remove(tmp))
	}
	return syncDir(filepath.Dir(full))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return diskError("sync folder", err)
	}
	return diskError("sync folder", errors.Join(f.Sync(), f.Close()))
}

func (k *Keys) ring() (ring, error) {
	var r ring
	if err := k.readJSON(masterFile, &r); err != nil {
		return ring{}, fmt.Errorf("read master keys: %w", err)
	}
	if r.Version != ringV || len(r.Keys) == 0 {
		return ring{}, fmt.Errorf("read master keys: %w: %s holds no key of version %d", ErrDamaged, masterFile, ringV)
	}
	for _, m := range r.Keys {
		if len(m.Key) != len(Key{}) || m.ID == "" {
			return ring{}, fmt.Errorf("read master keys: %w: key %q", ErrDamaged, m.ID)
		}
	}
	return r, nil
}

func (r ring) newest() masterKey { return r.Keys[len(r.Keys)-1] }

func (r ring) find(id string) (masterKey, bool) {
	for _, m := range r.Keys {
		if m.ID == id {
			return m, true
		}
	}
	return masterKey{}, false
}

func (m masterKey) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(m.Key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func wrapAAD(id, master string) []byte {
	return []byte("mentara data key 1\x00" + id + "\x00" + master)
}

func (m masterKey) wrap(id string, key Key) (wrapped, error) {
	aead, err := m.aead()
	if err != nil {
		return wrapped{}, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	return wrapped{Version: ringV, ID: id, Master: m.ID, Nonce: nonce, Key: aead.Seal(nil, nonce, key[:], wrapAAD(id, m.ID))}, nil
}

func (m masterKey) unwrap(id string, w wrapped) (Key, error) {
	aead, err := m.aead()
	if err != nil {
		return Key{}, err
	}
	bad := fmt.Errorf("%w: key of %s", ErrDamaged, id)
	if w.Version != ringV || w.ID != id || len(w.Nonce) != aead.NonceSize() {
		return Key{}, bad
	}
	plain, err := aead.Open(nil, w.Nonce, w.Key, wrapAAD(id, m.ID))
	if err != nil || len(plain) != len(Key{}) {
		return Key{}, bad
	}
	return Key(plain), nil
}

func keyName(id string) (string, error) {
	if !validPart(id) || len(id) > 128 {
		return "", fmt.Errorf("%w: %q", ErrName, id)
	}
	return filepath.Join(keyDir, id+keyExt), nil
}

// Create makes, stores and returns a new data key. It fails with
// fault.Conflict where there is one: replacing a key erases what it sealed.
func (k *Keys) Create(id string) (Key, error) {
	name, err := keyName(id)
	if err != nil {
		return Key{}, err
	}
	unlock, err := k.lock()
	if err != nil {
		return Key{}, err
	}
	defer unlock()
	if _, err := os.Lstat(filepath.Join(k.dir, name)); !errors.Is(err, fs.ErrNotExist) {
		return Key{}, errors.Join(err, fault.New(fault.Conflict, "key_exists", "That recording has a key already."))
	}
	r, err := k.ring()
	if err != nil {
		return Key{}, err
	}
	var key Key
	rand.Read(key[:])
	w, err := r.newest().wrap(id, key)
	if err != nil {
		return Key{}, err
	}
	return key, k.writeJSON(name, w)
}

// Get unwraps a data key. It fails with fault.Gone when there is none:
// destroyed or never made, nobody can tell.
func (k *Keys) Get(id string) (Key, error) {
	name, err := keyName(id)
	if err != nil {
		return Key{}, err
	}
	// A rotation between the two reads may have replaced both; then the
	// second try sees the new pair.
	for try := 0; ; try++ {
		var w wrapped
		err := k.readJSON(name, &w)
		if errors.Is(err, fs.ErrNotExist) {
			return Key{}, fault.New(fault.Gone, "recording_erased", "The key of that recording is gone.")
		}
		if err != nil {
			return Key{}, fmt.Errorf("read key of %s: %w", id, err)
		}
		r, err := k.ring()
		if err != nil {
			return Key{}, err
		}
		m, ok := r.find(w.Master)
		if ok {
			return m.unwrap(id, w)
		}
		if try == 2 {
			return Key{}, fmt.Errorf("read key of %s: master key %q is not in the ring", id, w.Master)
		}
	}
}

// Destroy overwrites and removes a data key; an absent one is no error. What
// it sealed cannot be opened from then on. On a disk that writes elsewhere
// than where it is told (flash, snapshots) old blocks may hold the wrapped key
// until they are reused; Rotate makes those worthless too.
func (k *Keys) Destroy(id string) error {
	name, err := keyName(id)
	if err != nil {
		return err
	}
	unlock, err := k.lock()
	if err != nil {
		return err
	}
	defer unlock()
	full := filepath.Join(k.dir, name)
	f, err := os.OpenFile(full, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return diskError("destroy key", err)
	}
	err = overwrite(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return diskError("destroy key", err)
	}
	if err := os.Remove(full); err != nil {
		return diskError("destroy key", err)
	}
	return syncDir(filepath.Dir(full))
}

func overwrite(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	noise := make([]byte, info.Size())
	rand.Read(noise)
	if _, err := f.WriteAt(noise, 0); err != nil {
		return err
	}
	return f.Sync()
}

func (k *Keys) ids() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(k.dir, keyDir))
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), keyExt); ok && validPart(id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// Rotate adds a master key, wraps every data key with it and then forgets the
// older masters, so that copies of key files made before (backups, old blocks
// of a disk) open nothing any more. A crash in between leaves both masters;
// the next Rotate finishes. A key file that is damaged stops it, older masters
// are kept, and the error names the file.
func (k *Keys) Rotate() (rewrapped int, err error) {
	unlock, err := k.lock()
	if err != nil {
		return 0, err
	}
	defer unlock()
	r, err := k.ring()
	if err != nil {
		return 0, err
	}
	m, err := k.newMaster()
	if err != nil {
		return 0, err
	}
	r.Keys = append(r.Keys, m)
	if err := k.writeJSON(masterFile, r); err != nil {
		return 0, err
	}
	ids, err := k.ids()
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if err := k.rewrap(r, m, id); err != nil {
			return rewrapped, fmt.Errorf("rotate keys: %w", err)
		}
		rewrapped++
	}
	return rewrapped, k.writeJSON(masterFile, ring{Version: ringV, Keys: []masterKey{m}})
}

func (k *Keys) rewrap(r ring, to masterKey, id string) error {
	name, err := keyName(id)
	if err != nil {
		return err
	}
	var w wrapped
	if err := k.readJSON(name, &w); err != nil {
		return fmt.Errorf("key of %s: %w", id, err)
	}
	from, ok := r.find(w.Master)
	if !ok {
		return fmt.Errorf("key of %s: master key %q is not in the ring", id, w.Master)
	}
	key, err := from.unwrap(id, w)
	if err != nil {
		return err
	}
	if w, err = to.wrap(id, key); err != nil {
		return err
	}
	return k.writeJSON(name, w)
}
