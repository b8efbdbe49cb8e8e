"""The endpoints that speak as OpenAI does, and the RPC gateway."""
