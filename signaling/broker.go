package signaling

import "time"

// A broker keeps the recent frames of every topic and brings each frame to
// every node that listens. It promises:
//
//   - Frames of one topic get offsets 1, 2, 3, … within an epoch, and every
//     node delivers them in that order, without a gap. A broker that has lost
//     its place (a restart, an eviction) begins a new epoch.
//   - Join is atomic with respect to Publish: of the frames after since, a
//     listener gets each exactly once, either from Join's missed frames or by
//     delivery, or is told that it was not recovered.
//   - Signals have no offset, no history and no promise.
//
// broker_memory.go keeps that promise on one node.

// HistoryLimits bound what a topic keeps for those who come back. Zero fields
// take those of DefaultHistory.
type HistoryLimits struct {
	Frames int           // per topic
	Bytes  int           // per topic
	Age    time.Duration // of a frame, and of a topic that nobody uses
}

// DefaultHistory outlasts a tunnel and a lift, not a lunch. It is half of what a
// socket's queue holds, so that one topic can always be resumed in full.
func DefaultHistory() HistoryLimits {
	return HistoryLimits{Frames: maxQueueFrames / 2, Bytes: maxQueueBytes / 2, Age: 5 * time.Minute}
}

// kept is a frame in a topic's history.
type kept struct {
	offset uint64
	at     time.Time
	frame  []byte
}

// joined is what a new listener of a topic starts from.
type joined struct {
	at        Position
	recovered bool
	missed    [][]byte
}
