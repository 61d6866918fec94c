package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// partSize is what a writer holds in memory at most, and 1/10,000 of the
// largest object: 80 GiB.
const partSize = 8 << 20

// abortTimeout is how long taking back a failed upload may last.
const abortTimeout = 30 * time.Second

// S3Config names a bucket, which must exist.
type S3Config struct {
	Endpoint  string // host:port
	Region    string
	Bucket    string
	Prefix    string // before every name, with its own separator: "practice/"
	AccessKey string
	SecretKey string
	Insecure  bool // HTTP, for a store on this machine
}

// S3 is a Store in a bucket.
type S3 struct {
	core   *minio.Core
	bucket string
	prefix string
}

// NewS3 makes the client. It does not speak to the server yet.
func NewS3(c S3Config) (*S3, error) {
	if c.Prefix != "" {
		if err := checkPrefix(c.Prefix); err != nil {
			return nil, fmt.Errorf("open bucket: prefix: %w", err)
		}
	}
	core, err := minio.NewCore(c.Endpoint, &minio.Options{
		Creds:      credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""),
		Secure:     !c.Insecure,
		Region:     c.Region,
		MaxRetries: 4,
	})
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	return &S3{core: core, bucket: c.Bucket, prefix: c.Prefix}, nil
}

// s3Error adds words, and finds what an answer means.
func s3Error(doing, name string, err error) error {
	if err == nil {
		return nil
	}
	var answer minio.ErrorResponse
	if errors.As(err, &answer) {
		switch {
		case answer.Code == minio.NoSuchKey, answer.StatusCode == http.StatusNotFound && answer.Code != minio.NoSuchBucket && answer.Code != minio.NoSuchUpload:
			return fmt.Errorf("%w: %s", ErrNotFound, name)
		case answer.StatusCode == http.StatusPreconditionFailed:
			return fmt.Errorf("%s: %s was replaced meanwhile: %w", doing, name, err)
		}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// Create implements Store. Up to partSize is one request at Commit; more is a
// multipart upload, one part in memory at a time.
func (s *S3) Create(ctx context.Context, name string) (Writer, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &s3Writer{ctx: ctx, s3: s, name: name}, nil
}

// s3Writer keeps ctx because io.Writer has no place for one.
type s3Writer struct {
	ctx    context.Context
	s3     *S3
	name   string
	buf    []byte
	upload string
	parts  []minio.CompletePart
	failed error
	done   bool
}

func (w *s3Writer) key() string { return w.s3.prefix + w.name }

func (w *s3Writer) Write(p []byte) (int, error) {
	if w.done {
		return 0, errors.New("write object: already ended")
	}
	n := 0
	for len(p) > 0 {
		if w.failed != nil {
			return n, w.failed
		}
		c := min(len(p), partSize-len(w.buf))
		w.buf = append(w.buf, p[:c]...)
		p = p[c:]
		n += c
		if len(w.buf) == partSize {
			w.failed = w.sendPart()
		}
	}
	return n, w.failed
}

func (w *s3Writer) sendPart() error {
	if w.upload == "" {
		id, err := w.s3.core.NewMultipartUpload(w.ctx, w.s3.bucket, w.key(), putOptions())
		if err != nil {
			return s3Error("begin upload", w.name, err)
		}
		w.upload = id
	}
	number := len(w.parts) + 1
	part, err := w.s3.core.PutObjectPart(w.ctx, w.s3.bucket, w.key(), w.upload, number, bytes.NewReader(w.buf), int64(len(w.buf)),
		minio.PutObjectPartOptions{Sha256Hex: sum(w.buf), DisableContentSha256: true})
	if err != nil {
		return s3Error(fmt.Sprintf("upload part %d", number), w.name, err)
	}
	w.parts = append(w.parts, minio.CompletePart{PartNumber: number, ETag: part.ETag})
	w.buf = w.buf[:0]
	return nil
}

// putOptions turn off the client's own sums over a stream: the whole part is in
// memory, so its sum goes into the signature (sum) and the server checks that.
func putOptions() minio.PutObjectOptions {
	return minio.PutObjectOptions{ContentType: "application/octet-stream", DisableContentSha256: true}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func (w *s3Writer) Commit() error {
	if w.done {
		return errors.New("commit object: already ended")
	}
	if err := w.commit(); err != nil {
		return errors.Join(err, w.Abort())
	}
	w.done = true
	w.buf = nil
	return nil
}

func (w *s3Writer) commit() error {
	if w.failed != nil {
		return w.failed
	}
	if w.upload == "" {
		_, err := w.s3.core.PutObject(w.ctx, w.s3.bucket, w.key(), bytes.NewReader(w.buf), int64(len(w.buf)), "", sum(w.buf), putOptions())
		return s3Error("upload object", w.name, err)
	}
	if len(w.buf) > 0 {
		if err := w.sendPart(); err != nil {
			return err
		}
	}
	_, err := w.s3.core.CompleteMultipartUpload(w.ctx, w.s3.bucket, w.key(), w.upload, w.parts, minio.PutObjectOptions{})
	return s3Error("complete upload", w.name, err)
}

// Abort takes the parts back, also when the context has ended: they would be
// stored, and paid for, for ever.
func (w *s3Writer) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	w.buf = nil
	if w.upload == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), abortTimeout)
	defer cancel()
	err := w.s3.core.AbortMultipartUpload(ctx, w.s3.bucket, w.key(), w.upload)
	if err := s3Error("abort upload", w.name, err); !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// Open implements Store. Every read is a ranged request bound to the version
// that was opened.
func (s *S3) Open(ctx context.Context, name string) (Object, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	info, err := s.core.StatObject(ctx, s.bucket, s.prefix+name, minio.StatObjectOptions{})
	if err != nil {
		return nil, s3Error("open object", name, err)
	}
	return &s3Object{ctx: ctx, s3: s, name: name, size: info.Size, etag: info.ETag}, nil
}

// s3Object keeps ctx because io.ReaderAt has no place for one.
type s3Object struct {
	ctx  context.Context
	s3   *S3
	name string
	size int64
	etag string
}

func (o *s3Object) Size() int64  { return o.size }
func (o *s3Object) Close() error { return nil }

func (o *s3Object) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read object: negative offset")
	}
	if off >= o.size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), o.size-off)
	if want == 0 {
		return 0, nil
	}
	opts := minio.GetObjectOptions{}
	if err := errors.Join(opts.SetRange(off, off+want-1), opts.SetMatchETag(o.etag)); err != nil {
		return 0, fmt.Errorf("read object: %w", err)
	}
	body, _, _, err := o.s3.core.GetObject(o.ctx, o.s3.bucket, o.s3.prefix+o.name, opts)
	if err != nil {
		return 0, s3Error("read object", o.name, err)
	}
	n, err := io.ReadFull(body, p[:want])
	if err = errors.Join(err, body.Close()); err != nil {
		return n, s3Error("read object", o.name, err)
	}
	if want < int64(len(p)) {
		return n, io.EOF
	}
	return n, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	err := s.core.RemoveObject(ctx, s.bucket, s.prefix+name, minio.RemoveObjectOptions{})
	if err := s3Error("delete object", name, err); !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// List implements Store.
func (s *S3) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if err := checkPrefix(prefix); err != nil {
			yield(Info{}, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for o := range s.core.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}) {
			if o.Err != nil {
				yield(Info{}, s3Error("list objects", prefix, o.Err))
				return
			}
			if !yield(Info{Name: strings.TrimPrefix(o.Key, s.prefix), Size: o.Size, Modified: o.LastModified}, nil) {
				return
			}
		}
	}
}

// Sweep takes back uploads that were begun before a moment and not ended: what
// writers that died left behind. Nobody sees such parts in a list of objects,
// and the bucket keeps them.
func (s *S3) Sweep(ctx context.Context, before time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for u := range s.core.ListIncompleteUploads(ctx, s.bucket, s.prefix, true) {
		if u.Err != nil {
			return s3Error("list uploads", s.prefix, u.Err)
		}
		if !u.Initiated.Before(before) {
			continue
		}
		err := s.core.AbortMultipartUpload(ctx, s.bucket, u.Key, u.UploadID)
		if err := s3Error("abort upload", u.Key, err); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}
