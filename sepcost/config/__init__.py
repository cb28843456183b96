"""The border to YAML: nothing else in sepcost knows that configs are YAML files."""

from sepcost.config.loader import Loaded, load_all, load_one, load_value, read_lines, read_networks, stdin_lines
from sepcost.config.named_model import NamedModel

__all__ = ["Loaded", "NamedModel", "load_all", "load_one", "load_value", "read_lines", "read_networks", "stdin_lines"]
