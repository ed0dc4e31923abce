"""Who asks: sessions, what they may use, discovery, connecting, and the meta tools."""
