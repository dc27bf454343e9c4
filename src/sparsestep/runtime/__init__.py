"""Surroundings of a job: its environment, locks, and orphaned processes."""
