package sfu

import (
	"net/http"
)

// WHEP serves playback. ?participant= chooses the publisher, without it the
// room's first publisher is played. Each POST is a viewer of its own. Mount it
// like WHIP at …/whep and …/whep/{session}.
func (e *Engine) WHEP(o WHIPOptions) http.Handler { return &door{engine: e, opts: o, name: "whep"} }

// played is the participant a viewer gets: the one asked for, or the room's
// first publisher.
func (d *door) played(roomID, asked string) (string, error) {
	room := d.engine.lookup(roomID)
	if room == nil {
		return "", ErrNotFound
	}
	if asked != "" {
		if room.Peer(asked) == nil {
			return "", ErrNotFound
		}
		return asked, nil
	}
	if list := room.published(); len(list) > 0 {
		return list[0].peer.id, nil
	}
	return "", ErrNotFound
}
