"""Content on the disk that appears whole or not at all, and what is left where a process was killed."""
