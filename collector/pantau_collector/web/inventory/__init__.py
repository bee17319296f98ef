"""The pages on which departments fill in and correct what the inventory says of their cameras."""
