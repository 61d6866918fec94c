package room

import "mentara/internal/fault"

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
