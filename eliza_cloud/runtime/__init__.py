"""The link at run time: the queue and its consumer, the effects it carries out, the tasks the states own."""
