"""How local a rule is: what its neurons say, keep and use again."""
