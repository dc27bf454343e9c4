"""The paper's statements: the pairs of runs that test them, verdicts, and sentences."""
