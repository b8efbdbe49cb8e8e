"""Logs and diagrams."""
