"""Who may do what, and of which part of the city: roles, scopes, and what of the city a scope lets one see."""
