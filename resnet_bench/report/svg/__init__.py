"""A figure's record as a static SVG, drawn without a browser: what is printed, mailed, and seen before scripts run."""
