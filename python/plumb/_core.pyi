"""The compiled part. Nothing of it is public but version and StoreError."""

from collections.abc import Callable, Sequence
from typing import Any

version: str

class StoreError(OSError): ...

class Layout:
    rows: Layout
    channels_first: Layout
    time_rows: Layout
    time_first: Layout
    place_first: Layout

class Hook:
    """A hook of PyTorch's, of a module or of a tensor; a copy of it does nothing."""

    def __call__(self, *arguments: Any) -> None: ...

class Watcher:
    """The run that a watch writes, and which of its tensors count now."""

    recording: bool
    in_forward: bool
    in_backward: bool
    learning: bool
    pass_: int
    flow_log2_scale: float
    is_timed: bool
    own_s: float
    learn: Callable[..., None] | None
    on_fail: Callable[[str], None] | None

    def __init__(self, path: str, record: str = "log", start: int = 0, planned_steps: int = 0) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

def load(path: str) -> dict[str, Any]: ...
def table(path: str, width: int, unicode: bool) -> str: ...
def write_report(paths: Sequence[str], path: str) -> None: ...
def merge(ranks: Sequence[str], to: str) -> list[str]: ...
def last_step(path: str) -> int: ...
def sketch_target() -> str: ...
def __getattr__(name: str) -> Any: ...
