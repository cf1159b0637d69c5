"""Alarms of control charts as text and as JSON."""
