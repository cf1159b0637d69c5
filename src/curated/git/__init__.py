"""Every use of git: its command, repositories, and copies of those that are elsewhere."""
