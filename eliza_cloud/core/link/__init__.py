"""The link: its events, effects, extended state, guards, actions, table and machine."""
