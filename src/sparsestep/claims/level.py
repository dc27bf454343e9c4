"""Level of intervals and tests, and how many pairs they need."""

LEVEL = 0.05
# Of five, not even the smallest and the largest enclose the median: 1 - 2^(1 - n) < 0.95.
FEWEST = 6
