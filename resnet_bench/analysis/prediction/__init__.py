"""The latency of networks that nobody has measured, from the layers that they are made of. Never torch."""
