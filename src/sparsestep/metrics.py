"""What figures and texts must agree on about metrics."""

# Shares in [0, 1] that are shown in per cent, as in the paper; tables hold the share.
PERCENT = ("train_error", "test_error")
