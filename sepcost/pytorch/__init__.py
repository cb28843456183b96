"""The border to torch: layers as its modules, models with their convolutions replaced, its counter as a witness."""

from sepcost.errors import MissingTorchError

try:
    from sepcost.pytorch.convolutions.eligibility import eligible
    from sepcost.pytorch.modules import build
    from sepcost.pytorch.replacing.distilling import distil
    from sepcost.pytorch.replacing.fitted import fit
    from sepcost.pytorch.replacing.replacing import GrowsWarning, replace_convolutions, replacement_plan
    from sepcost.pytorch.witness import TorchWitness
except Exception as error:  # a broken installation raises whatever it likes, OSError and RuntimeError too
    raise MissingTorchError(error) from None

__all__ = [
    "GrowsWarning",
    "TorchWitness",
    "build",
    "distil",
    "eligible",
    "fit",
    "replace_convolutions",
    "replacement_plan",
]
