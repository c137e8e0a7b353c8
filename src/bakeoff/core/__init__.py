"""The contract. Small, frozen, with no heavy import; environments and agents meet here and nowhere else.

for task in stream:                                   # ordered; memory carries over
    observation = environment.reset(task)
    while not observation.done:
        observation = environment.step(agent.act(observation))
    verdict = environment.verify()                    # from the authority, out of the agent's reach
    agent.learn(observation, feedback(stream.feedback, verdict))
    store.append(episode)                             # durable before the next begins
"""

from bakeoff.core.action import Action, Tool
from bakeoff.core.agent import Agent, Practice, Privilege, content_hash, memory_hash
from bakeoff.core.environment import PROOF_KINDS, Environment, Policy, Proof, ProofKind, Screen, follow
from bakeoff.core.errors import ActionError, BakeoffError, BudgetExhausted, EnvironmentFault, ServiceFault, UsageError
from bakeoff.core.ledger import Ledger
from bakeoff.core.observation import Box, Element, Ended, Observation
from bakeoff.core.registry import load, make_agent, make_environment, names
from bakeoff.core.stream import FEEDBACK_LEVELS, Exam, Feedback, Outcome, Stream, feedback
from bakeoff.core.task import DISTANCES, SPLITS, Distance, Limits, Product, Split, Task, TaskId
from bakeoff.core.trajectory import Step, Trajectory, run_episode
from bakeoff.core.verdict import Abstained, Check, Scored, Verdict, verdict_from_dict

__all__ = [
    "DISTANCES",
    "FEEDBACK_LEVELS",
    "PROOF_KINDS",
    "SPLITS",
    "Abstained",
    "Action",
    "ActionError",
    "Agent",
    "BakeoffError",
    "Box",
    "BudgetExhausted",
    "Check",
    "Distance",
    "Element",
    "Ended",
    "Environment",
    "EnvironmentFault",
    "Exam",
    "Feedback",
    "Ledger",
    "Limits",
    "Observation",
    "Outcome",
    "Policy",
    "Practice",
    "Privilege",
    "Product",
    "Proof",
    "ProofKind",
    "Scored",
    "Screen",
    "ServiceFault",
    "Split",
    "Step",
    "Stream",
    "Task",
    "TaskId",
    "Tool",
    "Trajectory",
    "UsageError",
    "Verdict",
    "content_hash",
    "feedback",
    "follow",
    "load",
    "make_agent",
    "make_environment",
    "memory_hash",
    "names",
    "run_episode",
    "verdict_from_dict",
]
