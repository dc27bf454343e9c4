"""Speed benchmarks, each beside its peers in the same run; see README.md of this folder."""
