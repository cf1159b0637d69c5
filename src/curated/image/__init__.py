"""Images: their planes, the files that hold them, and pixels of those that they correct."""
