"""YAML and JSON: reader and writer."""
