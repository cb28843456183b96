"""The version of sepcost."""

__version__ = "0.1.0"
