"""The report page and the table of end values."""
