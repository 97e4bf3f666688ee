"""What another repository needs to be gated: a suite, thresholds, workflows, an asv suite. Files here, written once."""
