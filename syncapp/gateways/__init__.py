"""The way to both remotes: the only place that speaks HTTP. It knows no model and decides nothing."""
