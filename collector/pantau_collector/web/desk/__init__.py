"""The pages of the control room: map, sites, cameras, incidents, and what they have in common."""
