"""Verification, certification and monitoring as text and pages."""
