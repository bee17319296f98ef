"""The pages on which operators do something: look now, acknowledge, plan maintenance, and more."""
