"""Baking: mid-training by imitation of expert data, then reinforcement learning on verified outcomes, on an engine that can be exchanged."""
