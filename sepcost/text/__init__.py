"""Numbers and words as people write and read them: 4.3M, 3x5, net.py:build, did you mean …"""
