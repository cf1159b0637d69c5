"""Everything that asks git: one function a command, and GitPython where many objects are read one at a time."""
