"""The sandbox: both products' APIs as seen from outside, keeping books. A process of its own; nothing of ours in it."""
