package room

// Values list what an enumeration may say, for the strict decoder and the
// TypeScript generator of the socket kit.

func (Kind) Values() []string { return texts(Individual, Couple, Group) }

func (State) Values() []string { return texts(Scheduled, Open, Live, Ended) }

func (Role) Values() []string {
	return texts(RoleHost, RoleParticipant, RoleGuest, RoleObserver)
}

func (SeatState) Values() []string { return texts(Waiting, Joined, Reconnecting, Left) }

func texts[T ~string](values ...T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
