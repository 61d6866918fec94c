package blob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"mentara/internal/fault"
)

// tmpDir holds objects being written, inside the store so that a rename stays
// within one file system. No object's name can reach it: parts do not begin
// with a dot.
const tmpDir = ".tmp"

// Disk is a Store in a directory. Files are 0600, folders 0700.
type Disk struct {
	root *os.Root
	dir  string
}

// NewDisk opens or makes a store in dir and removes what writers that died
// left behind: a live writer, of whatever process, holds a lock on its file.
func NewDisk(dir string) (*Disk, error) {
	if err := os.MkdirAll(filepath.Join(dir, tmpDir), 0o700); err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open object store: %w", err)
	}
	d := &Disk{root: root, dir: dir}
	if err := d.sweep(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return d, nil
}

// Close releases the store's directory.
func (d *Disk) Close() error { return d.root.Close() }

func (d *Disk) sweep() error {
	entries, err := fs.ReadDir(d.root.FS(), tmpDir)
	if err != nil {
		return fmt.Errorf("sweep object store: %w", err)
	}
	for _, e := range entries {
		f, err := d.root.Open(path.Join(tmpDir, e.Name()))
		if err != nil {
			continue // gone meanwhile
		}
		// A read-only directory keeps its leftovers; they are sealed.
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = d.root.Remove(path.Join(tmpDir, e.Name()))
		}
		_ = f.Close()
	}
	return nil
}

// Create implements Store.
func (d *Disk) Create(ctx context.Context, name string) (Writer, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for {
		tmp := path.Join(tmpDir, rand.Text())
		f, err := d.root.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, diskError("create object", err)
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			return nil, errors.Join(diskError("lock object", err), f.Close(), d.root.Remove(tmp))
		}
		// Another process may have swept the file between the two calls.
		if _, err := d.root.Stat(tmp); errors.Is(err, fs.ErrNotExist) {
			_ = f.Close()
			continue
		}
		return &diskWriter{ctx: ctx, disk: d, f: f, tmp: tmp, name: name}, nil
	}
}

// diskWriter keeps ctx because io.Writer has no place for one.
type diskWriter struct {
	ctx  context.Context
	disk *Disk
	f    *os.File
	tmp  string
	name string
	done bool
}

func (w *diskWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.f.Write(p)
	return n, diskError("write object", err)
}

// Commit syncs the file before its name shows and the folders after, so that a
// power cut leaves the old object or the new one, whole.
func (w *diskWriter) Commit() error {
	if w.done {
		return errors.New("commit object: already ended")
	}
	if err := w.commit(); err != nil {
		return errors.Join(err, w.Abort())
	}
	w.done = true
	return nil
}

func (w *diskWriter) commit() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if err := w.f.Sync(); err != nil {
		return diskError("sync object", err)
	}
	dir := path.Dir(w.name)
	if err := w.disk.root.MkdirAll(dir, 0o700); err != nil {
		return diskError("commit object", err)
	}
	if err := w.disk.root.Rename(w.tmp, w.name); err != nil {
		return diskError("commit object", err)
	}
	if err := w.disk.syncUp(dir); err != nil {
		return err
	}
	return diskError("close object", w.f.Close())
}

// syncUp syncs a folder and those above it, which may be new.
func (d *Disk) syncUp(dir string) error {
	for ; ; dir = path.Dir(dir) {
		f, err := d.root.Open(dir)
		if err != nil {
			return diskError("sync folder", err)
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return diskError("sync folder", err)
		}
		if dir == "." {
			return nil
		}
	}
}

func (w *diskWriter) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	_ = w.f.Close()
	if err := w.disk.root.Remove(w.tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskError("abort object", err)
	}
	return nil
}

// Open implements Store.
func (d *Disk) Open(ctx context.Context, name string) (Object, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := d.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	if err != nil {
		return nil, diskError("open object", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(diskError("open object", err), f.Close())
	}
	if !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrNotFound, name), f.Close())
	}
	return &diskObject{File: f, size: info.Size()}, nil
}

type diskObject struct {
	*os.File
	size int64
}

func (o *diskObject) Size() int64 { return o.size }

// Delete implements Store. It also removes folders that it leaves empty.
func (d *Disk) Delete(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := d.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if err != nil {
		return diskError("delete object", err)
	}
	dir := path.Dir(name)
	for ; dir != "."; dir = path.Dir(dir) {
		if d.root.Remove(dir) != nil {
			break // others are in it
		}
	}
	return d.syncUp(dir)
}

// List implements Store.
func (d *Disk) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := checkPrefix(prefix); err != nil {
			yield(Info{}, err)
			return
		}
		// The deepest folder that all names with the prefix are in.
		dir := "."
		if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
			dir = prefix[:i]
		}
		d.walk(ctx, dir, prefix, yield)
	}
}

// walk yields the objects below dir in the order of their whole names, as S3
// does: "a-b" comes before "a/b".
func (d *Disk) walk(ctx context.Context, dir, prefix string, yield func(Info, error) bool) bool {
	if err := ctx.Err(); err != nil {
		return yield(Info{}, err)
	}
	entries, err := fs.ReadDir(d.root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return true
	}
	if err != nil {
		yield(Info{}, diskError("list objects", err))
		return false
	}
	key := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + "/"
		}
		return e.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(key(a), key(b)) })
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		switch {
		case !validPart(e.Name()):
		case e.IsDir():
			if below := name + "/"; strings.HasPrefix(below, prefix) || strings.HasPrefix(prefix, below) {
				if !d.walk(ctx, name, prefix, yield) {
					return false
				}
			}
		case strings.HasPrefix(name, prefix):
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				yield(Info{}, diskError("list objects", err))
				return false
			}
			if !yield(Info{Name: name, Size: info.Size(), Modified: info.ModTime()}, nil) {
				return false
			}
		}
	}
	return true
}

// diskError adds words, and makes a full disk the fault it is.
func diskError(doing string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%s: %w: %w", doing, fault.New(fault.Full, "disk_full", "The disk is full."), err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
