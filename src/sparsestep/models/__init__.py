"""Models: layout of the parameters in one flat vector, initial values, forward pass."""
