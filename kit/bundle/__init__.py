"""Evidence bundles: seal the evidence of a case into a BagIt folder, and verify one by fixity and by replay."""

from kit.bundle.container import Preview, preview, seal
from kit.bundle.verification import Verification, verify

__all__ = ["Preview", "Verification", "preview", "seal", "verify"]
