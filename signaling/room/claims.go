package room

import (
	"slices"

	"mentara/internal/fault"
)

// claim counts a seat of an identity, or refuses one too many.
func (s *Service) claim(identity string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.claims[identity] >= s.caps.PerIdentity {
		return fault.New(fault.RateLimited, "too_many_rooms", "You are in too many rooms already. Please leave one first.")
	}
	s.claims[identity]++
	return nil
}

func (s *Service) release(identity string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.claims[identity]--; s.claims[identity] <= 0 {
		delete(s.claims, identity)
	}
}

// linked notes that a socket has joined a room, for when it is gone.
func (s *Service) linked(linkID, room string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.links[linkID], room) {
		s.links[linkID] = append(s.links[linkID], room)
	}
}

// unlinked forgets a socket and returns the rooms it had joined.
func (s *Service) unlinked(linkID string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	rooms := s.links[linkID]
	delete(s.links, linkID)
	return rooms
}
