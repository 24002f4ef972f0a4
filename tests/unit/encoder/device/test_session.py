"""Devices: what is asked for is what runs, or an error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from clipseek.encoder import Bundle, BundleError, DeviceError
from clipseek.encoder.device import gpu as gpu_module
from clipseek.encoder.device import session as session_module
from clipseek.encoder.device.gpu import TensorRT, gpu_in_sight
from clipseek.encoder.device.session import available_cores, open_session, out_of_memory

CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"


class FakeSession:
    def __init__(self, providers: list[str], fails: bool = False) -> None:
        self.providers, self.fails, self.ran = providers, fails, 0

    def get_providers(self) -> list[str]:
        return self.providers

    def get_inputs(self) -> list[Any]:
        ids = SimpleNamespace(name="input_ids", shape=["batch", "sequence"], type="tensor(int64)")
        return [ids, SimpleNamespace(name="pixel_values", shape=["batch", 3, 8, 8], type="tensor(float)")]

    def run(self, names: Any, inputs: dict[str, Any]) -> None:
        assert inputs["input_ids"].shape in ((1, 1), (1, 77))
        self.tokens = inputs["input_ids"].shape[1]
        assert inputs["input_ids"].dtype == np.int64
        assert inputs["pixel_values"].shape == (1, 3, 8, 8)
        self.ran += 1
        if self.fails:
            raise RuntimeError("CUDA failure 209: no kernel image\nis available for execution on the device")


class FakeRuntime:
    """onnxruntime as it behaves where a GPU works, where it quietly falls back, and where it fails."""

    def __init__(
        self, *, built_with_cuda: bool = True, active: bool = True, fails: bool = False, tensorrt: bool = True
    ) -> None:
        self.built_with_cuda, self.active, self.fails, self.tensorrt = built_with_cuda, active, fails, tensorrt
        self.asked: list[list[str]] = []

    def get_available_providers(self) -> list[str]:
        return [TENSORRT, CUDA, CPU] if self.built_with_cuda else [CPU]

    def preload_dlls(self, directory: str) -> None:
        print("Failed to load libcublasLt.so.12")  # onnxruntime prints this on stdout

    def set_default_logger_severity(self, level: int) -> None:
        self.level = level

    class SessionOptions:
        def add_session_config_entry(self, name: str, value: str) -> None:
            assert (name, value) == ("session.intra_op.allow_spinning", "0")

    def InferenceSession(self, path: str, options: Any, providers: list[Any], enable_fallback: int = 1) -> FakeSession:
        assert len(providers) == 1 or not enable_fallback  # it would print on stdout
        kinds = [entry if isinstance(entry, str) else entry[0] for entry in providers]
        self.asked.append(kinds)
        self.settings = [{} if isinstance(entry, str) else entry[1] for entry in providers]
        self.threads = options.intra_op_num_threads
        on_gpu = CUDA in kinds and self.active
        # What does not load is left out, and the rest goes on.
        left = [kind for kind in kinds if kind == CPU or (self.active and (kind == CUDA or self.tensorrt))]
        return FakeSession(left, self.fails and on_gpu)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (session_module, gpu_module):
        monkeypatch.setattr(module, "gpu_in_sight", lambda: True)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (session_module, gpu_module):
        monkeypatch.setattr(module, "gpu_in_sight", lambda: False)


def test_cpu_asks_for_the_cpu_alone() -> None:
    runtime = FakeRuntime()
    assert open_session(Path("x.onnx"), "cpu", None, runtime=runtime).get_providers() == [CPU]
    assert runtime.asked == [[CPU]]
    assert runtime.threads == available_cores()


@pytest.mark.parametrize("device", ["cuda", "auto"])
@pytest.mark.usefixtures("gpu")
def test_cuda_is_used_once_it_has_computed(device: Any, capsys: pytest.CaptureFixture[str]) -> None:
    runtime = FakeRuntime()
    session = open_session(Path("x.onnx"), device, 3, runtime=runtime)
    assert runtime.threads == 3
    assert session.get_providers() == [CUDA, CPU]
    assert session.ran == 1
    assert runtime.level == 2  # as it was
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        (FakeRuntime(built_with_cuda=False), "built without it"),
        (FakeRuntime(active=False), "fell back to CPUExecutionProvider"),
        (FakeRuntime(fails=True), "no kernel image is available"),
    ],
)
@pytest.mark.usefixtures("gpu")
def test_cuda_by_name_that_does_not_work_is_an_error(runtime: FakeRuntime, message: str) -> None:
    with pytest.raises(DeviceError, match=message) as caught:
        open_session(Path("x.onnx"), "cuda", None, runtime=runtime)
    assert "\n" not in str(caught.value)
    assert "--device cpu" in str(caught.value)


@pytest.mark.parametrize(
    "runtime", [FakeRuntime(built_with_cuda=False), FakeRuntime(active=False), FakeRuntime(fails=True)]
)
@pytest.mark.usefixtures("gpu")
def test_auto_falls_back_in_silence(runtime: FakeRuntime, capfd: pytest.CaptureFixture[str]) -> None:
    assert open_session(Path("x.onnx"), "auto", None, runtime=runtime).get_providers() == [CPU]
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("no_gpu")
def test_auto_does_not_try_cuda_without_a_driver() -> None:
    runtime = FakeRuntime()
    open_session(Path("x.onnx"), "auto", None, runtime=runtime)
    assert runtime.asked == [[CPU]]


@pytest.mark.parametrize(("device", "threads"), [("gpu", None), ("CUDA", None), ("cpu", 0), ("cpu", -1)])
def test_nonsense_is_refused(device: Any, threads: int | None) -> None:
    with pytest.raises(DeviceError, match=r"choose one of auto, cpu, cuda, tensorrt|expected at least 1"):
        open_session(Path("x.onnx"), device, threads)


@pytest.mark.parametrize("content", [None, b"", b"no model at all", b"\x08\x08" * 50])
def test_what_is_no_model_is_one_line(tmp_path: Path, content: bytes | None, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "text.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BundleError, match=r"text\.onnx cannot be loaded") as caught:
        open_session(path, "cpu")
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.train
@pytest.mark.skipif(gpu_in_sight(), reason="this machine has a GPU; the error is for those without")
def test_cuda_on_a_machine_without_it_is_one_line_and_nothing_else(bundle: Bundle) -> None:
    # The real onnxruntime, in a process of its own: it would fall back to the CPU and print a red page.
    code = f"""
from clipseek.encoder import Bundle, ClipEncoder, DeviceError
try:
    ClipEncoder(Bundle.load({str(bundle.path)!r}), device="cuda").encode_texts(["cat"])
except DeviceError as problem:
    print(problem)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith("device cuda does not work here (")
    assert done.stdout.count("\n") == 1


def test_a_gpus_memory_can_be_limited(gpu: None) -> None:
    runtime = FakeRuntime()
    open_session(Path("image.onnx"), "cuda", None, 1500, runtime=runtime)
    assert runtime.settings[0]["gpu_mem_limit"] == "1500000000"
    assert runtime.settings[0]["arena_extend_strategy"] == "kSameAsRequested"
    assert runtime.settings[0]["use_tf32"] == "0"
    open_session(Path("image.onnx"), "cuda", None, runtime=runtime)
    assert "gpu_mem_limit" not in runtime.settings[0]
    with pytest.raises(DeviceError, match="device memory is 0 MB"):
        open_session(Path("image.onnx"), "cuda", None, 0)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 1610612736", True),
        ("CUDA failure 2: out of memory ; GPU=0", True),
        ("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED", True),
        ("std::bad_alloc", True),
        ("Got invalid dimensions for input: pixel_values", False),
    ],
)
def test_memory_that_ran_out_is_told_from_other_failures(text: str, full: bool) -> None:
    assert out_of_memory(RuntimeError(text)) == full


@pytest.mark.usefixtures("gpu")
def test_tensorrt_stands_before_cuda_with_its_engines_in_a_folder(tmp_path: Path) -> None:
    runtime, cache = FakeRuntime(), tmp_path / "engines" / "abc"
    session = open_session(
        Path("image.onnx"), "tensorrt", None, 900, TensorRT(cache, fp16=True, tokens=77), runtime=runtime
    )
    assert session.get_providers() == [TENSORRT, CUDA, CPU]
    assert session.tokens == 77  # a length whose engine is of use
    assert session.ran == 1
    settings, cuda, _ = runtime.settings
    assert settings["trt_fp16_enable"] == settings["trt_layer_norm_fp32_fallback"] == "1"
    assert settings["trt_engine_cache_enable"] == settings["trt_timing_cache_enable"] == "1"
    assert settings["trt_engine_cache_path"] == str(cache)
    assert cache.is_dir()
    assert settings["trt_max_workspace_size"] == cuda["gpu_mem_limit"] == "900000000"
    open_session(Path("image.onnx"), "tensorrt", None, runtime=runtime)
    assert runtime.settings[0] == {"trt_fp16_enable": "0", "trt_layer_norm_fp32_fallback": "0"}


@pytest.mark.usefixtures("gpu")
def test_tensorrt_that_does_not_load_is_no_silent_cuda() -> None:
    with pytest.raises(DeviceError, match="device tensorrt does not work here"):
        open_session(Path("image.onnx"), "tensorrt", None, runtime=FakeRuntime(tensorrt=False))


@pytest.mark.usefixtures("gpu")
def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeviceError, match="--tensorrt-cache"):
        open_session(
            Path("image.onnx"), "tensorrt", None, None, TensorRT(tmp_path / "file" / "engines"), runtime=FakeRuntime()
        )


def test_a_missing_tensorrt_says_what_to_install() -> None:
    def advice(cuda: str, missing: str) -> str:
        runtime = SimpleNamespace(cuda_version=cuda)
        return str(gpu_module._does_not_work(runtime, "tensorrt", f"{missing}: cannot open shared object file"))

    assert "tensorrt-cu12-libs<11" in advice("12.8", "libnvinfer.so.10")
    assert "clipseek[gpu]" in advice("13.0", "libcudart.so.13")
    assert "driver" in advice("13.0", "libcuda.so.1")


def test_every_setting_is_one_that_this_onnxruntime_knows() -> None:
    import mmap

    import onnxruntime

    settings = {**gpu_module.tensorrt_settings(TensorRT(Path.cwd()), 1), **gpu_module._cuda_settings(1)}
    unknown = {name.encode() for name in settings}
    for path in Path(onnxruntime.__file__).parent.glob("capi/*.so*"):
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as code:
            unknown = {name for name in unknown if code.find(name) < 0}
    if CUDA not in onnxruntime.get_available_providers():
        pytest.skip("an onnxruntime without GPU providers")
    assert not unknown
