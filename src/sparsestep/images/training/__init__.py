"""Training of networks on images: loop, epochs, checkpoints, devices."""
