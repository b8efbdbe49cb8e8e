"""Who calls, and how often: accounts, keys, browser sessions, logins, the edge, rate limits."""
