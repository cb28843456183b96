"""The border to YAML: only this folder knows that configs are YAML files."""

from sepcost.sources.yaml.loader import Loaded, read_networks, read_value
from sepcost.sources.yaml.translating.named_model import NamedModel

__all__ = ["Loaded", "NamedModel", "read_networks", "read_value"]
