"""What may happen: states, events, effects and the tables that decide. Pure: no I/O, no clock, no chance."""
