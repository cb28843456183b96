"""Verifier: what ``--verify`` does. Torch, imported when it is wanted, counts again."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sepcost.count.comparison import Comparison
from sepcost.count.snapshot import Snapshot
from sepcost.count.verification import STANDARD, Unverified, Verification

if TYPE_CHECKING:
    from sepcost.judge.witness import Witness
    from sepcost.sources.source import Item


MOST_COMPLAINTS = 20


class Few:
    """Reports the first complaints of a kind, and that further ones are only counted."""

    def __init__(self, complain: Callable[[str], None], what: str) -> None:
        self._complain = complain
        self._what = what
        self._count = 0

    def complain(self, message: str) -> None:
        """Report one more."""
        self._count += 1
        if self._count <= MOST_COMPLAINTS + 1:
            self._complain(message if self._count <= MOST_COMPLAINTS else f"further {self._what} are only counted")


def torch_witness() -> Witness:
    """The witness; raises MissingTorchError with what to install."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own imports, which a user of sepcost cannot change
        from sepcost.pytorch import TorchWitness

        return TorchWitness()


def verify_item(comparison: Comparison, witness: Witness, item: Item | None = None) -> Verification:
    """Verify every layer; and for a model also the totals after its convolutions are really replaced.

    A model with its norms folded is verified as a config is: the model itself has them.
    """
    from sepcost.judge.witness import verify

    verification = verify(comparison, witness)
    if item is None or not item.is_model or item.is_folded:
        return verification
    totals = 2 * len(comparison.totals)
    return verification + Verification(witness.version, 0, 0, totals, tuple(item.recounted(comparison)))


def verify_snapshot(snapshot: Snapshot, witness: Witness) -> Verification:
    """Verify every layer; what was counted earlier cannot be verified."""
    if snapshot.comparison is not None:
        return verify_item(snapshot.comparison, witness)
    earlier = Unverified(None, STANDARD, None, "its figures were counted earlier")
    return Verification(witness.version, 0, 0, 0, unverified=(earlier,))


class Verifier:
    """Verifies comparisons, and reports what the witness does not confirm."""

    def __init__(self, witness: Witness, complain: Callable[[str], None]) -> None:
        self.witness = witness
        self.mismatches = 0
        self._complaints = Few(complain, "counts that torch does not confirm")

    def verified(self, comparison: Comparison, item: Item | None = None) -> Comparison:
        """The comparison with its verification; for a model also of the model with its convolutions replaced."""
        verification = verify_item(comparison, self.witness, item)
        self._report(verification, comparison.network.source, comparison.name)
        return replace(comparison, verified=verification)

    def verified_snapshot(self, snapshot: Snapshot) -> Snapshot:
        """The figures with their verification, if they were counted just now."""
        verification = verify_snapshot(snapshot, self.witness)
        self._report(verification, snapshot.source, snapshot.name)
        return replace(snapshot, verified=verification)

    def _report(self, verification: Verification, source: str | None, name: str) -> None:
        self.mismatches += len(verification.mismatches)
        if verification.mismatches or verification.unverified:
            from sepcost.sheets.verification_text import problem_lines

            for line in problem_lines(verification):
                self._complaints.complain(": ".join(dict.fromkeys((source, name, line))) if source else line)


def asked_verifier(wanted: bool, complain: Callable[[str], None] = lambda message: None) -> Verifier | None:
    """What ``--verify`` asks for; raises MissingTorchError with what to install."""
    return Verifier(torch_witness(), complain) if wanted else None
