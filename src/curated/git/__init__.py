"""Everything that calls git: one function per command, with settings under which no program of a repository runs."""
