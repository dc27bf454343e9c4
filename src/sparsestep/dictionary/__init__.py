"""The data dictionary: every column of the tables in results/ defined (`metrics.py`, `tables.py`).

    python -m sparsestep.dictionary.pages      write its part of results/README.md anew

A metric or a column without an entry fails a test.
"""
