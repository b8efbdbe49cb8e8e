"""Inference and RPC proxies (contract §16)."""
