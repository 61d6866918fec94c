package event

// roomFacts are the facts of signaling/room.
var roomFacts = []Fact{}
