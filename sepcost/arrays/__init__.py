"""The border to NumPy: many convolutions counted at once, by the code that counts one."""
