// Package web carries the built web application inside the binary. It holds no
// logic: who serves it, with which headers, is the server's business.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist is the built application, rooted at its index.html. On a fresh clone
// nothing is built yet and it holds only .gitkeep: use Built to tell.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		// The directory is named in the embed line above; only an invalid path
		// makes Sub fail, and that one is a constant.
		panic(err)
	}
	return sub
}

// Built reports whether the web application was built into this binary.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}
