"""Where neurons lie on tiles."""
