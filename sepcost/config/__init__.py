"""The border to YAML: nothing else in sepcost knows that configs are YAML files."""

from sepcost.config.loader import Loaded, load_all, load_one, read_lines, read_networks

__all__ = ["Loaded", "load_all", "load_one", "read_lines", "read_networks"]
