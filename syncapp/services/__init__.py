"""Processes that cross database, remotes and core. They decide nothing: the core does."""
