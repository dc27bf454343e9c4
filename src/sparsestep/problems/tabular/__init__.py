"""Tables of a user: files of numbers and texts, found by their content, read strictly."""
