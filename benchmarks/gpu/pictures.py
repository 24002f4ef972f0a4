"""Pictures a second, on the device alone and from files, beside torch in bf16.

Device alone: ours takes decoded uint8 pictures, so that it also pays for the copy and the scaling of pixels; torch's pixels lie on
the card already. From files: ours reads ahead in threads; torch decodes with transformers' processor in workers of a DataLoader.
"""

from __future__ import annotations

import os
import time
from typing import Any

from parts import Setting, device, run_part, wait_for_device
from rates import per_second


def measure(setting: Setting) -> dict[str, Any]:
    figures: dict[str, Any] = {"device": device(), "torch_bf16": _torch(setting)}
    for precision in ("fp32", "fp16"):
        try:
            figures[f"clipseek_{precision}"] = _ours(setting, precision)
        except Exception as problem:
            figures[f"clipseek_{precision}"] = {"error": f"{type(problem).__name__}: {problem}"}
    return figures


def _ours(setting: Setting, precision: str) -> dict[str, Any]:
    from clipseek.encoder import ClipEncoder
    from clipseek.encoder.device.session import Device
    from clipseek.encoder.pictures.crop import PictureFile

    sizes, files = setting.sizes, setting.files()
    where: Device = "cuda" if device() == "cuda" else "cpu"
    encoder = ClipEncoder(setting.bundle(precision), device=where, batch_size=sizes.encode_batch)
    pictures = [encoder.load_picture(path.read_bytes()) for path in files[: sizes.encode_batch]]
    alone = per_second(lambda: encoder.encode_pictures(pictures), len(pictures), sizes.rounds)

    def all_files() -> None:
        for window in encoder.read_pictures([*map(PictureFile, files)], window=sizes.encode_batch):
            encoder.encode_pictures([picture for _, picture in window if not isinstance(picture, str)])

    began = time.perf_counter()
    all_files()
    return {"device_alone_per_second": alone, "from_files_per_second": len(files) / (time.perf_counter() - began)}


def _torch(setting: Setting) -> dict[str, Any]:
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset
    from transformers import CLIPImageProcessor, CLIPModel

    sizes, files, where = setting.sizes, setting.files(), device()
    model = CLIPModel.from_pretrained(setting.checkpoint()).eval().to(where)
    processor = CLIPImageProcessor.from_pretrained(setting.checkpoint())

    class Files(Dataset[Any]):
        def __len__(self) -> int:
            return len(files)

        def __getitem__(self, row: int) -> Any:
            return processor(images=Image.open(files[row]).convert("RGB"), return_tensors="pt")["pixel_values"][0]

    @torch.no_grad()
    def encode(pixels: Any) -> Any:
        with torch.autocast(where, torch.bfloat16):
            rows = model.get_image_features(pixel_values=pixels.to(where, non_blocking=True))
        return torch.nn.functional.normalize(rows.float(), dim=-1).cpu()

    some = torch.stack([Files()[row % len(files)] for row in range(sizes.encode_batch)]).to(where)
    alone = per_second(lambda: encode(some), len(some), sizes.rounds)
    workers = 0 if setting.tiny else min(16, os.cpu_count() or 1)
    began = time.perf_counter()
    for pixels in DataLoader(Files(), sizes.encode_batch, num_workers=workers, pin_memory=where == "cuda"):
        encode(pixels)
    wait_for_device()
    return {"device_alone_per_second": alone, "from_files_per_second": len(files) / (time.perf_counter() - began)}


if __name__ == "__main__":
    run_part(measure)
