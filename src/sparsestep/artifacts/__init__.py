"""Artefacts that the stages hand on, their files, and their identity."""
