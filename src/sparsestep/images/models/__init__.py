"""Architectures of networks on images, as blocks of config.yaml; without torch."""
