"""What commands share: how they are called, what they print, how much memory they keep."""
