"""Two sides compared: ratios, noise bands, verdicts, and the rules of a gate."""
