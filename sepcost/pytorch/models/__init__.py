"""Models as their authors wrote them: imported, on a device, with inputs, apart from sepcost's own code."""
