"""The baked worker: a small policy whose skills were put into it beforehand (see `bakeoff.training`), and which learns nothing on the job."""

FORMAT = 1
"""Of the networks' weights and of what they are fed. One more whenever either changes: checkpoints of another format do not fit, and recipes are baked again."""
