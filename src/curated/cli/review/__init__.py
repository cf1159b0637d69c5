"""Commands that review changes: what they do, and to which exposures."""
