"""Chains of collections: what their members are, in which order a release goes into them, and what lookups find."""
