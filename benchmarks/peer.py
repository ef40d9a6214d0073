"""How fast SCALE-Sim simulates the product at the heart of an RTRL step, for ``machine.py``.

Run it with the Python of an environment that has it (it needs NumPy 1)::

    python -m venv peer
    peer/bin/pip install scalesim==3.0.0 "numpy<2" "pandas<3"
    peer/bin/python benchmarks/peer.py

RTRL with N units multiplies its weights, N x N, with its sensitivities, N x N (N + 2). Here it is a
tenth of a step of 100 units, on an array of 32 x 32 with stationary weights.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

UNITS, COLUMNS = 100, 1020
CONFIG = """\
[general]
run_name = product
[architecture_presets]
ArrayHeight: 32
ArrayWidth: 32
IfmapSramSzkB: 64
FilterSramSzkB: 64
OfmapSramSzkB: 64
IfmapOffset: 0
FilterOffset: 10000000
OfmapOffset: 20000000
Bandwidth: 10
Dataflow: ws
MemoryBanks: 1
ReadRequestBuffer: 32
WriteRequestBuffer: 32
[layout]
IfmapCustomLayout: False
IfmapSRAMBankBandwidth: 10
IfmapSRAMBankNum: 10
IfmapSRAMBankPort: 2
FilterCustomLayout: False
FilterSRAMBankBandwidth: 10
FilterSRAMBankNum: 10
FilterSRAMBankPort: 2
[sparsity]
SparsitySupport: false
SparseRep: ellpack_block
OptimizedMapping: false
BlockSize: 8
RandomNumberGeneratorSeed: 40
[run_presets]
InterfaceBandwidth: CALC
UseRamulatorTrace: False
"""


def main() -> None:
    """Simulate the product and print its multiplications in a second."""
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "c": CONFIG,
            "t": f"Layer, M, N, K,\nproduct, {UNITS}, {COLUMNS}, {UNITS},\n",
            "l": "Layer, x,\nproduct, 1,\n",
        }
        command = [sys.executable, "-m", "scalesim.scale", "-i", "gemm", "-p", folder]
        for flag, text in files.items():
            path = Path(folder) / {"c": "scale.cfg"}.get(flag, f"{flag}.csv")
            path.write_text(text)
            command += [f"-{flag}", str(path)]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=folder, env=os.environ)
        seconds = time.perf_counter() - began
    products = UNITS * UNITS * COLUMNS
    print(f"SCALE-Sim: {products / seconds / 1e6:.2f} M multiplications/s ({seconds:.1f} s)")


if __name__ == "__main__":
    main()
