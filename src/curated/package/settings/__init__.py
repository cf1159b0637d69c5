"""The keys of ``instrument.yaml``: their declarations, and how headers of exposures are read by them."""
