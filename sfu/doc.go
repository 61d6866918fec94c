// Package sfu is the media plane: it takes RTP in from publishers and writes
// it out to viewers, without decoding it. It is useful alone (WHIP in, WHEP
// out) and knows nothing of accounts, rooms as the product means them, or
// sockets: whoever embeds it carries the session descriptions and the events.
//
// One participant has one peer connection. The client always offers, so two
// offers never meet. A client's offer carries recvonly media sections ahead of
// need, called slots; which participant and source a slot shows is told by the
// [Slots] event and changes without a new offer.
//
// The way of one packet: pion's SRTP session decrypts it and writes it to our
// buffer (ingest.go), in whose Write, in the session's own goroutine, all else
// happens: parse, account and cache (track.go), copy to each recorder's ring
// (tap.go), then for each viewer choose a layer and renumber (downtrack.go),
// write (write.go). A recorder reads its ring in a goroutine of its own, twenty
// times a second (ring.go), so that a slow one loses packets and delays none;
// which layer it takes is decided beside (steer.go). The way back: RTCP →
// feedback.go; transport-wide feedback → estimator → allocator.go → target
// layers. A connection has one goroutine of ours (run.go), a room one, a tap
// one.
//
// It refuses to transcode, to mix, to touch payloads beyond the VP8 descriptor,
// and to be an ICE-lite agent: a lite agent sends media to an address that
// never answered.
//
// Locks are taken in the order Engine → Room → Peer → Track → DownTrack. The
// packet path takes only the last (and, to keep a packet for repair, its
// cache's). No callback runs with a lock held, and nothing on the packet path
// enters pion where it takes the DTLS transport's lock: closing that transport
// waits for the goroutine the packet path runs in.
package sfu
