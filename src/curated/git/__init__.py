"""Everything that calls git: one function per command, and GitPython to look objects up one at a time."""
