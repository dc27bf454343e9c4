"""Networks on images as torch modules."""
