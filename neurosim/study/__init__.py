"""Scenarios made concrete, trained, compared and kept."""
