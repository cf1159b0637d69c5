"""Proof of a bundle: hash list, signature and attestation, and the inspection of all of it."""
