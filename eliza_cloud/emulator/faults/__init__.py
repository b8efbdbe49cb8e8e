"""Scripted faults: the plan, how they happen on the wire, and the endpoints that script them."""
