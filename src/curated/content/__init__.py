"""Untrusted values to what a type declares, with every problem named; and back to tables and plain data."""
