"""The border to YAML: only this folder knows that configs are YAML files."""
