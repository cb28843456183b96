"""The border to YAML: only this folder knows that configs are YAML files."""

from sepcost.sources.yaml.loader import Loaded, load_all, load_one, load_value, read_lines, read_networks, stdin_lines
from sepcost.sources.yaml.translating.named_model import NamedModel

__all__ = ["Loaded", "NamedModel", "load_all", "load_one", "load_value", "read_lines", "read_networks", "stdin_lines"]
