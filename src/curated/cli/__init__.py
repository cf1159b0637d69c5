"""The command line: each module parses, calls one function and prints what it returns."""
