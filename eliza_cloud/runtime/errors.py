"""How what is refused, or fails, reaches the caller."""

from eliza_cloud.core.problems import Problem


class LinkError(Exception):
    """A command or a call did not succeed; `problem` says why, in words and for machines."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem
