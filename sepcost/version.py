"""The version of sepcost."""

__version__ = "0.2.0"
