"""Series of figures over commits: where they changed, and where a change is suspected."""
