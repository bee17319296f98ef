"""The pages of projects: what the city builds, day by day."""
