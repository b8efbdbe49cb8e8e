"""Talking to Eliza Cloud over HTTP."""
