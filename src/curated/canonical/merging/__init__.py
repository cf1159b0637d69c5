"""Three-way merges of calibrations by what they say: keywords by name, tables by row and cell, comments with what they belong to."""
