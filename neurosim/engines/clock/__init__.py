"""What waits for what on a machine, and for how long: the parts of the clocked engine."""
