"""Deep networks on images, from the data set to the measurements."""
