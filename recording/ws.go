package recording

import (
	"context"

	"mentara/internal/event"
	"mentara/signaling"
)

// Frames of this area.
type (
	// RecordingStart asks everybody in a room for their consent.
	RecordingStart struct {
		Room    string `json:"room"`
		Purpose string `json:"purpose,omitempty"`
	}
	// RecordingRoom names the room whose recording is meant.
	RecordingRoom struct {
		Room string `json:"room"`
	}
	// RecordingDecision is somebody's answer, or a change of mind.
	RecordingDecision struct {
		Room          string   `json:"room"`
		Recording     string   `json:"recording"`
		Decision      Decision `json:"decision"`
		PolicyVersion string   `json:"policyVersion"`
	}
	// RecordingResult is the recording after a request.
	RecordingResult struct {
		Recording RecordingStatus `json:"recording"`
	}
	// RecordingMaybe is the recording of a room, if there is one.
	RecordingMaybe struct {
		Recording *RecordingStatus `json:"recording,omitempty"`
	}
	// RecordingMarkRequest bookmarks now.
	RecordingMarkRequest struct {
		Room  string `json:"room"`
		Label string `json:"label,omitempty"`
	}
	// RecordingMarked is the bookmark.
	RecordingMarked struct {
		Mark RecordingMark `json:"mark"`
	}
	// RecordingPush tells a room how its recording is now.
	RecordingPush struct {
		Room      string          `json:"room"`
		Recording RecordingStatus `json:"recording"`
	}
)

// Decision is what somebody may answer.
type Decision string

func (Decision) Values() []string { return texts(Agreed, Declined, Withdrawn) }

// Frames registers everything this area says over the socket.
func (s *Service) Frames(m *signaling.Mux) {
	signaling.Handle(m, "recording.start", func(ctx context.Context, c *signaling.Conn, r RecordingStart) (RecordingResult, error) {
		st, err := s.Start(ctx, c.Principal(), r.Room, r.Purpose)
		return RecordingResult{st}, err
	})
	signaling.Handle(m, "recording.stop", func(ctx context.Context, c *signaling.Conn, r RecordingRoom) (RecordingResult, error) {
		st, err := s.Stop(ctx, c.Principal(), r.Room)
		return RecordingResult{st}, err
	})
	signaling.Handle(m, "recording.consent", func(ctx context.Context, c *signaling.Conn, r RecordingDecision) (RecordingResult, error) {
		st, err := s.Decide(ctx, c.Principal(), r.Room, r.Recording, Consent(r.Decision), r.PolicyVersion)
		return RecordingResult{st}, err
	})
	signaling.Handle(m, "recording.status", func(ctx context.Context, c *signaling.Conn, r RecordingRoom) (RecordingMaybe, error) {
		st, err := s.Status(ctx, c.Principal(), r.Room)
		return RecordingMaybe{st}, err
	})
	signaling.Handle(m, "recording.mark", func(ctx context.Context, c *signaling.Conn, r RecordingMarkRequest) (RecordingMarked, error) {
		mark, err := s.Mark(ctx, c.Principal(), r.Room, r.Label)
		return RecordingMarked{mark}, err
	})
	signaling.Push[RecordingPush](m, "recording.status")
	signaling.Push[event.RecordingsChanged](m, "recordings.changed")
}
