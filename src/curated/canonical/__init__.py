"""The canonical form of texts that people edit, which keeps comments and order, and merges of two edits of a text."""
