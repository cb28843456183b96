"""Reading files: how long it takes, and how much memory, beside the readers of the formats themselves.

python benchmarks/files.py
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnx import TensorProto, helper

RUNS = 5
READERS = {
    "sepcost.load": "import sepcost; sepcost.load(path)",
    "onnx.load": "import onnx; onnx.load(path)",
    "onnx.load, shapes inferred": "import onnx; onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True)",
}
MEASURED = """
import sys, time
path, begin = sys.argv[1], time.perf_counter()
{code}
seconds = time.perf_counter() - begin
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(seconds, int(peak) / 1000)
"""


def large(path: Path, side: int) -> Path:
    """A product with one square matrix of float32."""
    weight = np.zeros((side, side), np.float32)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", side])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    held = helper.make_tensor("w", TensorProto.FLOAT, weight.shape, weight.tobytes(), raw=True)
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "large", [given], [made], [held])
    onnx.save(helper.make_model(graph), path)
    return path


def measured(code: str, path: Path) -> tuple[float, float]:
    """Seconds, imports included, and megabytes at most: the best of several processes."""
    runs = []
    for _ in range(RUNS):
        command = [sys.executable, "-c", MEASURED.format(code=code), str(path)]
        seconds, megabytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        runs.append((float(seconds), float(megabytes)))
    return min(runs)


def main() -> None:
    light = Path(onnx.__file__).parent / "backend/test/data/light/light_densenet121.onnx"
    with TemporaryDirectory() as folder:
        for path in (large(Path(folder, "large.onnx"), 12_288), light):
            print(f"{path.name}, {path.stat().st_size / 1e6:,.0f} MB")
            for name, code in READERS.items():
                seconds, megabytes = measured(code, path)
                print(f"  {name:28} {seconds:6.2f} s {megabytes:8,.0f} MB")


if __name__ == "__main__":
    main()
