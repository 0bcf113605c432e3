"""The pure core: it decides, and touches nothing (no clock, no I/O, no Django)."""
