"""Builds the kernels without Python, with sanitizers, and runs them on random calls: see exercise.cpp.

    python run.py [--valgrind] [calls]

All instruction sets of this processor are built, and the widest one besides, of narrower instructions (wide.h).
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
SOURCES = HERE.parents[2] / "src" / "recurra" / "nn" / "backends" / "native" / "csrc"
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
SUPPORTED = """
#include <cstdio>
int main() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) std::puts("avx2");
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) std::puts("avx512");
#endif
}
"""


def command(*args):
    subprocess.run([str(arg) for arg in args], check=True)


def instruction_sets(folder):
    """Those of CMakeLists.txt that this processor has, slowest first: name and flags."""
    text = (SOURCES / "CMakeLists.txt").read_text(encoding="utf-8")
    flags = {name: shlex.split(rest) for name, rest in re.findall(r"^ +add_kernels\((\w+)(.*)\)$", text, re.MULTILINE)}
    (folder / "supported.cpp").write_text(SUPPORTED, encoding="utf-8")
    command(compiler(), folder / "supported.cpp", "-o", folder / "supported")
    here = subprocess.run([folder / "supported"], capture_output=True, text=True, check=True).stdout.split()
    if os.uname().machine not in {"x86_64", "AMD64"}:
        return {"plain": flags["plain"]}
    found = {name: flags[name] for name in ("baseline", *here)}
    found["wide"] = [*flags["avx2" if "avx2" in here else "baseline"], "-include", str(HERE / "wide.h")]
    return found


def compiler():
    return os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++") or sys.exit("no C++ compiler")


def build(folder, instrumentation):
    options = ["-std=c++17", "-O1", "-g", "-fopenmp", "-ffp-contract=fast", "-Wno-psabi", *instrumentation]
    sets = instruction_sets(folder)
    jobs = [
        [SOURCES / "scan.cpp", f"-DRECURRA_ISA_NAME={name}", *flags, "-o", folder / f"{name}.o"]
        for name, flags in sets.items()
    ]
    isas = "-DISAS(f)=" + " ".join(f"f({name})" for name in sets)
    jobs.append([HERE / "exercise.cpp", "-Wall", "-Wextra", isas, "-I", SOURCES, "-o", folder / "exercise.o"])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: command(compiler(), *options, "-c", *job), jobs))
    objects = [job[-1] for job in jobs]
    command(compiler(), *options, *objects, "-o", folder / "exercise")
    print("built", *sets, flush=True)
    return folder / "exercise"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--valgrind", action="store_true", help="run under valgrind in place of sanitizers")
    parser.add_argument("calls", nargs="?", type=int, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        program = build(Path(name), [] if options.valgrind else SANITIZERS)
        before = [
            "valgrind",
            "--error-exitcode=9",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite",
            "--show-leak-kinds=definite",
            "-q",
        ]
        calls = options.calls or (30 if options.valgrind else 300)
        done = subprocess.run(
            [*(before if options.valgrind else []), str(program), str(calls)],
            # with this limit a call that asks for five threads gets four at most, fewer where others are at work
            env={
                **os.environ,
                "UBSAN_OPTIONS": "print_stacktrace=1",
                "OMP_WAIT_POLICY": "passive",
                "OMP_THREAD_LIMIT": "4",
            },
            check=False,
        )
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
