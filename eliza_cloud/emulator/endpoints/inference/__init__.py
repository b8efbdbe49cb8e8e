"""Inference and RPC proxies (cloud-api §16)."""
