from kit.volume.profiles import build

__all__ = ["build"]
