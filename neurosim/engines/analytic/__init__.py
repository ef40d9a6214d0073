"""Lower bounds and traffic at any size, from a census alone."""
