"""How sure an interval is, here and in words; without numpy, for what only speaks of it."""

from resnet_bench import units

CONFIDENCE = 0.99
CONFIDENCE_TEXT = units.percent_short(CONFIDENCE)
