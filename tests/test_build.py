"""The package's own build: what is in sdist and wheel, and what there is where the kernels cannot be compiled."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from recurra.nn.backends.native import kernels

ROOT = Path(__file__).parent.parent
COMPILER = next(filter(shutil.which, [os.environ.get("CXX", "c++"), "g++", "clang++"]), None)
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="needs a C++ compiler")


def python(*arguments: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter, with nothing set that changes a build but what is given."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("RECURRA_", "SKBUILD_", "CMAKE_"))
    }
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=kept | env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def build(source: Path, into: Path, **env: str) -> tuple[Path, str]:
    """The wheel of a tree or an sdist, and what the build said."""
    pip = ["-m", "pip", "--disable-pip-version-check", "wheel", "--verbose", "--no-deps", "--no-build-isolation"]
    done = python(*pip, "--wheel-dir", into, source, cwd=into.parent, **env)
    (wheel,) = into.glob("*.whl")
    return wheel, done.stdout + done.stderr  # pip's --verbose writes to the latter


def run_installed(wheel: Path, code: str) -> list[str]:
    """The lines that code prints where the wheel is installed; all else comes from this interpreter's packages."""
    target = wheel.parent / "installed"
    if not target.exists():
        pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--target"]
        python(*pip, target, wheel, cwd=wheel.parent)
    path = os.pathsep.join([str(target), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    # -S: no .pth files, by which an editable recurra would come first
    return python("-S", "-c", code, cwd=wheel.parent, PYTHONPATH=path).stdout.splitlines()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree, in which somebody has built in place."""
    copy = tmp_path_factory.mktemp("build") / "tree"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.so"))
    (copy / "src/recurra/nn/backends/native/_kernels.old.so").touch()
    return copy


@pytest.fixture(scope="module")
def sdist(tree: Path) -> Path:
    python("-c", "import scikit_build_core.build as b; b.build_sdist('../sdist')", cwd=tree)
    (file,) = (tree.parent / "sdist").glob("*.tar.gz")
    return file


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    return build(sdist, sdist.parent.parent / "wheel", RECURRA_REQUIRE_KERNELS="1")[0]


@pytest.fixture(scope="module")
def pure(tree: Path) -> tuple[Path, str]:
    """The wheel where no compiler is, and what its build said."""
    return build(tree, tree.parent / "pure", CXX=str(tree / "no-such-compiler"))


def package_files(wheel: Path) -> set[str]:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"recurra", "recurra-" + wheel.name.split("-")[1] + ".dist-info"}
    return {name for name in names if name.startswith("recurra/")}


def source_files() -> set[str]:
    """The Python package: everything but the C++ sources and what the interpreter or a compiler left."""
    files = (path for path in (ROOT / "src/recurra").rglob("*") if path.is_file() and "csrc" not in path.parts)
    left = {".pyc", ".so", ".pyd"}
    return {path.relative_to(ROOT / "src").as_posix() for path in files if path.suffix not in left}


@needs_compiler
def test_the_kernels_are_there_where_a_compiler_is() -> None:
    why = "see it by: pip install -v --no-deps --no-build-isolation -e ."
    assert kernels.MISSING is None, f"{kernels.MISSING}\n{why}"


def test_an_sdist_has_what_a_build_and_the_tests_need(sdist: Path) -> None:
    with tarfile.open(sdist) as tar:
        names = {name.split("/", 1)[1] for name in tar.getnames()}
    wanted = {
        "pyproject.toml",
        "README.md",
        "README.zh-CN.md",
        "CHANGELOG.md",
        "LICENSE",
        "constraints.txt",
        "PKG-INFO",
    }
    wanted |= {"tests/test_build.py", "examples/demo.py", "docs/architecture.md"}
    wanted |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "src/recurra/nn/backends/native/csrc").glob("*")}
    assert wanted | {f"src/{name}" for name in source_files()} <= names
    assert not [name for name in names if name.endswith((".so", ".pyc"))]


def test_without_a_compiler_the_package_is_pure_python_and_says_so(pure: tuple[Path, str]) -> None:
    wheel, said = pure
    assert wheel.name.endswith("-py3-none-any.whl")
    assert package_files(wheel) == source_files()
    assert "this is the pure Python package" in said
    assert "install a C++ compiler" in said


@pytest.mark.slow
def test_without_a_compiler_layers_work_and_the_native_backend_says_what_to_do(pure: tuple[Path, str]) -> None:
    code = """
import torch, recurra.nn
from recurra.errors import InputError
x = torch.zeros(1, 2, 3)
print(recurra.nn.GRU(3, 4)(x).shape)
try:
    recurra.nn.GRU(3, 4, backend="native")(x)
except InputError as error:
    print(error)
"""
    shape, error = run_installed(pure[0], code)
    assert shape == "torch.Size([1, 4])"
    assert "C++ compiler" in error


@pytest.mark.slow
@needs_compiler
def test_a_wheel_has_the_python_package_and_one_extension(wheel: Path) -> None:
    abi3 = sys.version_info >= (3, 12)
    assert wheel.name.split("-")[2:4] == (["cp312", "abi3"] if abi3 else ["cp311", "cp311"])
    (extension,) = package_files(wheel) - source_files()
    suffix = ".abi3.so" if abi3 else sysconfig.get_config_var("EXT_SUFFIX")
    assert extension == f"recurra/nn/backends/native/_kernels{suffix}"


@pytest.mark.slow
@needs_compiler
def test_an_installed_wheel_has_the_native_backend_on_torchs_own_threads(wheel: Path) -> None:
    code = """
import pathlib, torch, recurra.nn, recurra.nn.backends.native.kernels
print(pathlib.Path(recurra.nn.backends.native.kernels.extension.__file__).parents[4].name)
print(recurra.nn.GRU(3, 4, backend="native")(torch.zeros(1, 2, 3)).shape)
maps = pathlib.Path("/proc/self/maps")
print(len({line.split()[-1] for line in maps.open() if "libgomp" in line or "libomp" in line}) if maps.exists() else 1)
"""
    assert run_installed(wheel, code) == ["installed", "torch.Size([1, 4])", "1"]
