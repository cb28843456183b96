"""Graphs: what operators of a program read and write, and the network of layers that they are."""
