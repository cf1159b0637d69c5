"""Monitoring: metrics of products and frames over the nights, kept as text, and control charts of them."""
