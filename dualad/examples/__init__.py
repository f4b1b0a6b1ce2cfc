"""Worked models: real data, an ordinary function, and its derivatives put to use."""
