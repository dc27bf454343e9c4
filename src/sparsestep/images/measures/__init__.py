"""Measurements of networks on images."""
