"""Which idea is right? The apprentice's log-linear belief, with what its author says about spreadsheets in general as the start."""

from __future__ import annotations

from bakeoff.agents.apprentice.policy import Policy

# What is baked in, before any experience: how ideas relate to what is seen. No word of any trade, no formula of any trade.
PRIOR: dict[str, float] = {
    "from row": 5.0,  # the same row is reckoned so in other columns
    "from house": 4.0, "from house, other block": 2.0, "from elsewhere": 2.5, "label alike": 3.0, "operands alike": 4.0, "common": 0.6,
    "from words": 3.0, "words known": 1.0, "words bent": 0.3,
    "fit": 2.0, "fit exact": 2.0, "misfit": -7.0, "untested": -1.0,
    "operands": -0.5, "length": -0.06, "orphan": 1.5, "more orphans": 0.2, "said beside": 1.5, "said in goal": 0.5, "number said": 1.5,
    "other sheet": -0.4, "distance": -0.25, "same block": 0.4, "label within": 0.8, "own past": 0.3,
    "jump": -1.5, "sign turns": -1.5, "no value": -3.0, "gives an error": -3.0, "near last": 1.5, "units clash": -2.0, "units differ": -2.0, "familiar": 0.8,
    "passed": 3.0, "failed": -1.5, "passed elsewhere": 1.0, "failed elsewhere": -0.7,
    "check breaks": -3.0, "check mends": 3.0,
    # faults: a remedy against leaving things as they are (all weights of leaving are 0)
    "remedy": -2.5, "fault:past formula": 5.0, "fault:odd cell": 2.5, "number among formulas": 2.0, "share of row": 2.0, "fault:contradicts past": 2.5,
    "fault:contradicts words": 3.5, "fault:contradicts house": 3.0, "within number said": 2.5, "beyond number said": -2.5,
    "said in words": 2.0, "known in house": 2.0, "mends zeros": 2.0, "breaks zeros": -1.0, "changes nothing": -1.0, "loses numbers": -8.0, "off the past": -1.5, "row said in goal": 1.0, "block said": 0.5,
    # which rows are meant
    "rows:ranges": 6.0, "rows in quotes": 5.0, "rows said": 4.0, "rows left open": -2.0,
    # figures
    "turned": -1.0, "sign as row": 3.0, "sign as kin": 3.0, "percent as shown": 3.0,
    "choice": 16.0, "number not said": -2.5, "sheds number": 1.5,
}  # fmt: skip


def prior(name: str) -> float:
    """The weight a feature starts with."""
    return PRIOR.get(name, 0.0)


def spread(name: str) -> float:
    """How far experience may move it: names and words less than relations, because they are many; single ideas most."""
    return 2.0 if name.startswith("own:") else 0.6 if ":" in name else 1.0


class Belief(Policy):
    """The apprentice's policy over candidates, with its own starting weights."""

    def column(self, name: str) -> int:
        index = self.names.get(name)
        if index is None:
            index = self.names[name] = len(self.names)
            if index >= len(self.mean):
                self.pad()
            self.start[index] = self.mean[index] = prior(name) if self.use_prior else 0.0
            self.precision0[index] = self.precision[index] = 1.0 / spread(name) ** 2
        return index
