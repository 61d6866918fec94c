package event

// accountFacts are the facts of api/account.
var accountFacts = []Fact{}
