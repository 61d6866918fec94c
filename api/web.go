package api

import (
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// Web serves the built single-page app: dist's files, and index.html for every
// other page address, which the app's own router reads. Files under assets/
// have their hash in the name and are kept for a year; everything else is
// asked for again each time. A .br or .gz sibling written by the build is sent
// to those who accept it. Without an index.html a plain page says how to build.
func (s *Server) Web(dist fs.FS) { s.web = &webApp{dist: dist} }

type webApp struct{ dist fs.FS }

const unbuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Mentara</title>
<h1>The web app is not built yet</h1>
<p>This server runs, and its API answers under <a href="/api/v1/openapi.json">/api/v1</a>.
To get the app, run <code>make build</code> (or <code>make run</code>) in a checkout and start again.</p></html>
`

func (a *webApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, HEAD")
		WriteProblem(w, r, newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "This method is not allowed here."))
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name == "" {
		name = "index.html"
	}
	if a.isFile(name) {
		a.send(w, r, name)
		return
	}
	// A missing file is missing; a page address is the app's to route.
	if strings.HasPrefix(name+"/", "assets/") || (path.Ext(name) != "" && name != "index.html") {
		WriteProblem(w, r, notFound())
		return
	}
	if !a.isFile("index.html") {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = io.WriteString(w, unbuilt) // an error means nobody is there
		return
	}
	a.send(w, r, "index.html")
}

func (a *webApp) isFile(name string) bool {
	if !fs.ValidPath(name) || hidden(name) {
		return false
	}
	info, err := fs.Stat(a.dist, name)
	return err == nil && info.Mode().IsRegular()
}

// hidden keeps .gitkeep and source maps at home.
func hidden(name string) bool {
	return strings.HasPrefix(path.Base(name), ".") || strings.HasSuffix(name, ".map")
}

func (a *webApp) send(w http.ResponseWriter, r *http.Request, name string) {
	h := w.Header()
	h.Set("Content-Type", contentType(name))
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	file := name
	for _, enc := range []struct{ token, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if !a.isFile(name + enc.suffix) {
			continue
		}
		h.Set("Vary", "Accept-Encoding")
		if file == name && accepts(r, enc.token) {
			file = name + enc.suffix
			h.Set("Content-Encoding", enc.token)
		}
	}
	if err := a.copy(w, r, file); err != nil {
		h.Del("Content-Encoding")
		WriteProblem(w, r, err)
	}
}

func (a *webApp) copy(w http.ResponseWriter, r *http.Request, file string) error {
	f, err := a.dist.Open(file)
	if err != nil {
		return fmt.Errorf("web file %s: %w", file, err)
	}
	defer func() { _ = f.Close() }() // read only
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("web file %s: %w", file, err)
	}
	seeker, ok := f.(io.ReadSeeker)
	if !ok {
		return fmt.Errorf("web file %s: file system cannot seek", file)
	}
	// Embedded files have no time, so this sends no Last-Modified for them.
	ServeContent(w, r, file, info.ModTime(), seeker)
	return nil
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".wasm":
		return "application/wasm"
	case ".webmanifest":
		return "application/manifest+json"
	case ".woff2":
		return "font/woff2"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// accepts reports whether the client takes an encoding; q=0 is a no.
func accepts(r *http.Request, encoding string) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		token, params, _ := strings.Cut(part, ";")
		if strings.TrimSpace(token) == encoding {
			q := strings.ReplaceAll(params, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
