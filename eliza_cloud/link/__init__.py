"""Making it happen: the queue, its one consumer, and the activities the states own."""
