"""Procedural head MRI with an exact callosum: data for tests, training and the demo."""

from callosal.pipelines.phantom.arch import Arch, arch_phantom
from callosal.pipelines.phantom.head import PhantomHead, phantom_head
from callosal.pipelines.phantom.slices import phantom_slice

__all__ = ["Arch", "PhantomHead", "arch_phantom", "phantom_head", "phantom_slice"]
