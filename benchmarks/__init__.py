"""Benchmarks: bakec beside a peer, in one run, as ratios. Never timed tests."""
